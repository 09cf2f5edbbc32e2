import { useParams } from "wouter";
import { JobList } from "@/features/jobs/JobList";
import { lazily } from "@/parts/lazily";

const JobDetails = lazily(() => import("@/features/jobs/JobDetails"));

/** All jobs; or the one that the address names. */
export default function Jobs() {
  const { id } = useParams<{ id?: string }>();
  return id ? <JobDetails key={id} id={decodeURIComponent(id)} /> : <JobList />;
}
