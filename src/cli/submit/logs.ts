import { openTarget } from '../target-cluster.ts'
import type { TargetOptions } from '../target-cluster.ts'
import { followRun, printLogs } from './follow-run.ts'

/** `shoal logs RUN`. With `--follow` resolves to 1 where the run failed. */
export async function logs(name: string, options: TargetOptions & { readonly follow?: boolean }): Promise<number> {
  using cluster = await openTarget(options)
  const key = { namespace: cluster.namespace, name }
  if (options.follow === true) return await followRun(cluster.client, key)
  await printLogs(cluster.client, key)
  return 0
}
