import audit from "./audit.json";
import backups from "./backups.json";
import common from "./common.json";
import jobs from "./jobs.json";
import overview from "./overview.json";
import repository from "./repository.json";
import restore from "./restore.json";
import restoring from "./restoring.json";
import schedule from "./schedule.json";
import section from "./section.json";
import session from "./session.json";
import users from "./users.json";

export const en = {
  audit,
  backups,
  common,
  jobs,
  overview,
  repository,
  restore,
  restoring,
  schedule,
  section,
  session,
  users,
};
