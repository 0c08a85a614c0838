import type { ProgressState, StageState } from './progress-state.ts'

const BAR_WIDTH = 24

/** What a terminal shows of a run: a line for the workers, and one for each stage that is under way. */
export function progressText(state: ProgressState, nowMs: number, columns: number): string {
  const lines = state.stages.filter((stage) => stage.endedMs === undefined).map((stage) => stageLine(stage, nowMs))
  const text = [workersLine(state), ...lines]
  return text.map((line) => line.slice(0, Math.max(20, columns - 1))).join('\n')
}

/** One sentence about a stage that ended, which stays on the terminal. */
export function endedText(stage: StageState): string {
  const seconds = ((stage.endedMs ?? stage.startedMs) - stage.startedMs) / 1000
  const bytes =
    stage.bytes === undefined || stage.bytes === 0
      ? ''
      : `, ${megabytes(stage.bytes)} at ${megabytes(stage.bytes / Math.max(0.001, seconds))}/s`
  const verb = stage.failed === true ? 'failed after' : 'done in'
  return `${stage.name}: ${count(stage)} ${verb} ${seconds.toFixed(1)} s${bytes}`
}

function workersLine({ workers, threads, wanted, retries, losses }: ProgressState): string {
  const pods = `${workers}/${Math.max(wanted, workers)} pods, ${threads} threads`
  return pods + (losses > 0 ? `, ${losses} lost` : '') + (retries > 0 ? `, ${retries} retries` : '')
}

function stageLine(stage: StageState, nowMs: number): string {
  const share = shareOf(stage)
  const elapsed = Math.max(0.001, (nowMs - stage.startedMs) / 1000)
  const filled = Math.round((share ?? 0) * BAR_WIDTH)
  const bar =
    share === undefined ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)}%`
  const rate =
    stage.bytes === undefined || stage.bytes === 0
      ? `${Math.round(stage.done / elapsed)}/s`
      : `${megabytes(stage.bytes / elapsed)}/s`
  const left = share === undefined || share === 0 ? '' : `, ${((elapsed * (1 - share)) / share).toFixed(0)} s left`
  return `${stage.name}${bar}  ${count(stage)}, ${rate}${left}`
}

function shareOf({ done, total, bytes, totalBytes }: StageState): number | undefined {
  if (bytes !== undefined && totalBytes !== undefined && totalBytes > 0) return Math.min(1, bytes / totalBytes)
  return total === undefined || total === 0 ? undefined : Math.min(1, done / total)
}

function count({ done, total, unit }: StageState): string {
  return total === undefined ? `${done} ${unit}` : `${done}/${total} ${unit}`
}

function megabytes(bytes: number): string {
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}
