/** What tells whether a container is healthy, and when it is asked. Times are milliseconds. */
export interface Healthcheck {
  /** `CMD` and words, or `CMD-SHELL` and one text for `/bin/sh -c`. */
  test: string[]
  interval: number
  /** A check that takes longer has failed, and is killed. */
  timeout: number
  /** So many failures one after the other make it unhealthy. */
  retries: number
  /** From its start on, failures do not count for so long, unless there was a success. */
  start_period: number
  /** The interval within that period. */
  start_interval: number
}

/** What a file or an image says of it: of the other one stands what this one does not say. `test: [NONE]`: there is none. */
export type HealthcheckWords = Partial<Healthcheck>

/** Docker's. */
export const USUAL_HEALTHCHECK: Omit<Healthcheck, "test"> = {
  interval: 30_000,
  timeout: 30_000,
  retries: 3,
  start_period: 0,
  start_interval: 5_000,
}

export const NO_HEALTHCHECK = "NONE"

/** What is to be run, with the file's words above the image's; `{}`: nothing is. */
export function wholeHealthcheck(file: HealthcheckWords, image: HealthcheckWords = {}): Healthcheck | Record<string, never> {
  const { test, ...times } = { ...USUAL_HEALTHCHECK, ...image, ...file }
  return test === undefined || test[0] === NO_HEALTHCHECK ? {} : { test, ...times }
}

/** One that is run. */
export function hasHealthcheck(healthcheck: Healthcheck | Record<string, never> | undefined): healthcheck is Healthcheck {
  return healthcheck?.test !== undefined
}

/** The words of the command that is run. */
export function checkWords({ test: [kind, ...words] }: Healthcheck): string[] {
  return kind === "CMD-SHELL" ? ["/bin/sh", "-c", ...words] : words
}

/** Compose's conditions, beside the usual one that it has started. */
export type Condition = "service_healthy" | "service_completed_successfully"

/** After so many milliseconds a check must have told one or the other; what takes longer does not come. */
export function longestStart({ interval, timeout, retries, start_period }: Healthcheck): number {
  return start_period + (retries + 1) * (interval + timeout)
}
