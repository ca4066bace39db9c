/** Times as EC2 shows them for instances and attachments: whole seconds. */

export function wholeSecond(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}
