/** How a command ends when it cannot do its work. Source of the statuses: `underpass --help`. */

export const exitStatus = {
  ok: 0,
  /** The command worked and found something: a request that would not get through, a policy with a fault. */
  finding: 1,
  usage: 2,
  /** A file, an id or a state folder was not understood. */
  input: 3,
  /** The machine lacks something: a program, a right, a running region. */
  machine: 4,
} as const;

export type ExitStatus = (typeof exitStatus)[keyof typeof exitStatus];

/** Ends the command with a message that says the next step. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly status: ExitStatus;

  constructor(status: ExitStatus, message: string, cause?: unknown) {
    super(message, { cause });
    this.status = status;
  }
}
