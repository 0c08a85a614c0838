import type { Command } from 'commander'
import type { EvictionThresholds } from '../node/eviction/thresholds.ts'
import { CliError } from './cli-error.ts'
import { wholeNumber } from './option-values.ts'

/** When nodes are short of something, in the kubelet's notation. */
export interface EvictionOptions {
  readonly evictionHard?: string
  readonly evictionSoft?: string
  readonly evictionSoftGracePeriod?: string
  readonly evictionMaxPodGracePeriod?: number
}

export function addEvictionOptions(command: Command): Command {
  return command
    .option('--eviction-hard <thresholds>', 'when pods go at once, such as memory.available<100Mi,nodefs.available<10%')
    .option('--eviction-soft <thresholds>', 'when they go after a while, in the same form')
    .option('--eviction-soft-grace-period <periods>', 'after which, such as memory.available=1m30s')
    .option('--eviction-max-pod-grace-period <seconds>', 'what they then have to end by themselves', wholeNumber(0))
}

/** The thresholds; undefined where none are named. */
export async function thresholdsOf(options: EvictionOptions, command: string): Promise<EvictionThresholds | undefined> {
  const { evictionHard: hard, evictionSoft: soft, evictionSoftGracePeriod: softGracePeriod } = options
  if (hard === undefined && soft === undefined && softGracePeriod === undefined) return undefined
  const { parseThresholds } = await import('../node/eviction/parse-thresholds.ts')
  try {
    const most = options.evictionMaxPodGracePeriod
    return parseThresholds({
      ...(hard !== undefined && { hard }),
      ...(soft !== undefined && { soft }),
      ...(softGracePeriod !== undefined && { softGracePeriod }),
      ...(most !== undefined && { maxPodGraceSeconds: most }),
    })
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    const message = `Cannot use the eviction thresholds: ${why}, expected such as memory.available<500Mi,nodefs.available<10%`
    throw new CliError('CLI_USAGE', message, `see \`shoal ${command} --help\``, { cause: error })
  }
}
