/** Adds its language to the describer when it is loaded. */
declare module "cronstrue/locales/*";
