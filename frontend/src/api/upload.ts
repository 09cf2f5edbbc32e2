import type { Connection } from "@/api/connection";
import type { OfferShape, UploadArchiveData } from "@/api/generated/plan";
import { Problem, toProblem } from "@/api/problem";

export interface UploadOptions {
  /** For a `.zip.age`. */
  passphrase?: string;
  /** How it is to be restored. */
  choice?: NonNullable<UploadArchiveData["query"]>;
  onProgress?: (sentBytes: number, totalBytes: number) => void;
  signal?: AbortSignal;
}

/**
 * Send an archive, and get what restoring it would replace. Nothing is changed by it.
 *
 * `fetch` cannot tell how far an upload is, so this is the one request that is made otherwise.
 */
export async function uploadArchive(
  connection: Connection,
  file: File,
  options: UploadOptions = {},
): Promise<OfferShape> {
  // What is refused is refused after the whole of it was sent.
  if ((await connection.isStepUpDue?.()) && !(await connection.stepUp?.())) {
    throw new DOMException("", "AbortError");
  }
  try {
    return await sendFile(connection, file, options);
  } catch (error) {
    const refused = error instanceof Problem && error.code === "step-up-required";
    if (refused && (await connection.stepUp?.())) return sendFile(connection, file, options);
    throw error;
  }
}

function sendFile(
  connection: Connection,
  file: File,
  { passphrase, choice = {}, onProgress, signal }: UploadOptions,
): Promise<OfferShape> {
  return new Promise((resolve, reject) => {
    // It may have been given up while the password was asked for.
    signal?.throwIfAborted();
    const request = new XMLHttpRequest();
    request.open("POST", `${connection.baseUrl}/restores${queryOf(choice)}`);
    request.responseType = "json";
    for (const [name, value] of Object.entries(connection.headers())) {
      request.setRequestHeader(name, value);
    }
    request.upload.onprogress = (event) => onProgress?.(event.loaded, event.total || file.size);
    request.onload = () => {
      if (request.status === 201) resolve(request.response as OfferShape);
      else reject(toProblem(request.response, request.status));
    };
    request.onerror = () => reject(toProblem(new Error("")));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    const form = new FormData();
    if (passphrase) form.append("passphrase", passphrase);
    form.append("file", file);
    request.send(form);
  });
}

function queryOf(choice: object): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(choice)) {
    for (const each of Array.isArray(value) ? value : [value]) query.append(name, String(each));
  }
  const text = query.toString();
  return text && `?${text}`;
}
