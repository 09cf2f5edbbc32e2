import audit from "./audit.json";
import backups from "./backups.json";
import jobs from "./jobs.json";
import repository from "./repository.json";
import restore from "./restore.json";
import restoring from "./restoring.json";
import schedule from "./schedule.json";
import section from "./section.json";
import users from "./users.json";

/** What the other screens say. */
export const rest = {
  audit,
  backups,
  jobs,
  repository,
  restore,
  restoring,
  schedule,
  section,
  users,
};
