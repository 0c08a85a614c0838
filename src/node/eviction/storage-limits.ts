import type { Pod } from '../../api/generated/core-v1.ts'
import { amountOf, amountsOf } from '../../placement/amounts.ts'
import type { PodVolumes } from '../volumes/pod-volumes.ts'
import { diskUsage } from '../../runtime/disk-usage.ts'
import { binary } from './rank.ts'

const STORAGE = 'ephemeral-storage'

/** Whether the pod may write only so much. */
export function hasStorageLimits({ spec }: Pod): boolean {
  const isLimited = spec?.volumes?.some(({ emptyDir }) => emptyDir?.sizeLimit !== undefined) === true
  return isLimited || spec?.containers.some(({ resources }) => resources?.limits?.[STORAGE] !== undefined) === true
}

/** In the kubelet's words, which of its limits the pod has exceeded; undefined where none. `logsBytes` is what else it has written. */
export async function exceededLimit(pod: Pod, volumes: PodVolumes, logsBytes: number): Promise<string | undefined> {
  let total = logsBytes
  for (const { name, emptyDir } of pod.spec?.volumes ?? []) {
    const place = volumes.get(name)
    if (emptyDir === undefined || place === undefined || place.isSimulated === true) continue
    const used = await diskUsage(place.path)
    const limit = emptyDir.sizeLimit === undefined ? Infinity : amountOf('memory', emptyDir.sizeLimit)
    if (used > limit) return `Usage of EmptyDir volume "${name}" exceeds the limit "${emptyDir.sizeLimit}". `
    if (emptyDir.medium !== 'Memory') total += used
  }
  const limits = (pod.spec?.containers ?? []).map(({ resources }) => amountsOf(resources?.limits)[STORAGE])
  if (limits.length === 0 || limits.includes(undefined)) return undefined
  const most = limits.reduce<number>((sum, limit) => sum + (limit ?? 0), 0)
  return total > most
    ? `Pod ephemeral local storage usage exceeds the total limit of containers ${binary(most)}. `
    : undefined
}
