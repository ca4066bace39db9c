export async function linuxPlaneLack(): Promise<string | undefined> {
  return undefined;
}
