import { amountOf } from './progress-state.ts'
import type { ProgressState, StageState } from './progress-state.ts'

const BAR_WIDTH = 24

/** What a terminal shows of a run: a line for the workers, and one for each stage that is under way. */
export function progressText(state: ProgressState, nowMs: number, columns: number): string {
  const lines = state.stages.filter((stage) => stage.endedMs === undefined).map((stage) => stageLine(stage, nowMs))
  const cut = state.cut === undefined ? [] : [`cut off, work goes on meanwhile: ${state.cut}`]
  const text = [workersLine(state), ...lines, ...cut]
  return text.map((line) => line.slice(0, Math.max(20, columns - 1))).join('\n')
}

/** One sentence about a stage that ended, which stays on the terminal. */
export function endedText(stage: StageState): string {
  const seconds = ((stage.endedMs ?? stage.startedMs) - stage.startedMs) / 1000
  const verb = stage.failed === true ? 'failed after' : 'done in'
  const { bytes = 0 } = stage
  const moved = bytes === 0 ? '' : `, ${formatBytes(bytes)} at ${formatBytes(bytes / Math.max(0.001, seconds))}/s`
  return `${stage.name}: ${count(stage)} ${verb} ${seconds.toFixed(1)} s${moved}`
}

/** The last line of a run: what it ran on and how long all of it took, start and end of the workers included. */
export function wholeText({ mostWorkers, mostThreads, losses }: ProgressState, seconds: number): string {
  const lost = losses > 0 ? `, ${losses} lost` : ''
  return `${plural(mostWorkers, 'pod')}, ${plural(mostThreads, 'thread')}${lost}; ${seconds.toFixed(1)} s in all`
}

const plural = (n: number, what: string) => `${n} ${what}${n === 1 ? '' : 's'}`

function workersLine({ workers, threads, wanted, retries, losses, waitingFor }: ProgressState): string {
  const why = waitingFor.length === 0 ? '' : `: ${waitingFor.join('; ')}`
  const pods =
    threads === 0 ? `waiting for pods${why}` : `${workers}/${Math.max(wanted, workers)} pods, ${threads} threads`
  return (
    pods +
    (losses > 0 ? `, ${losses} lost` : '') +
    (retries > 0 ? `, ${retries} ${retries === 1 ? 'retry' : 'retries'}` : '')
  )
}

function stageLine(stage: StageState, nowMs: number): string {
  const share = shareOf(stage)
  const filled = Math.floor((share ?? 0) * BAR_WIDTH)
  const bar =
    share === undefined ? '' : ` ${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)}%`
  const facts = [...doneOf(stage), ...rateAndTime(stage, nowMs)]
  return `${stage.name}${bar}  ${facts.join(', ')}`.trimEnd()
}

/** What is done of how much; nothing while nothing is done of nobody knows how much. */
function doneOf(stage: StageState): readonly string[] {
  const { done, total, bytes = 0, totalBytes = 0 } = stage
  if (totalBytes > 0) return [`${formatBytes(bytes)} of ${formatBytes(totalBytes)}`]
  return done === 0 && total === undefined ? [] : [count(stage)]
}

/** Nothing until something is done, since neither could be more than a guess. */
function rateAndTime(stage: StageState, nowMs: number): readonly string[] {
  const rate = rateOf(stage, nowMs)
  if (rate === 0) return []
  const isOfBytes = stage.totalBytes !== undefined && stage.totalBytes > 0
  const shown = isOfBytes ? `${formatBytes(rate)}/s` : `${rate < 10 ? rate.toFixed(1) : Math.round(rate)}/s`
  const total = isOfBytes ? stage.totalBytes : stage.total
  return total === undefined ? [shown] : [shown, `${formatSeconds((total - amountOf(stage)) / rate)} left`]
}

/** What was done in a second, over the last few of them. */
function rateOf(stage: StageState, nowMs: number): number {
  const oldest = stage.samples[0]
  const amount = amountOf(stage)
  if (oldest === undefined || nowMs <= oldest.ms) return 0
  return ((amount - oldest.amount) * 1000) / (nowMs - oldest.ms)
}

function shareOf(stage: StageState): number | undefined {
  const { total, totalBytes = 0 } = stage
  const whole = totalBytes > 0 ? totalBytes : total
  return whole === undefined || whole === 0 ? undefined : Math.min(1, amountOf(stage) / whole)
}

function count({ done, total, unit }: StageState): string {
  return total === undefined ? `${done} ${unit}` : `${done}/${total} ${unit}`
}

/** `1.5 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(2)} GB`
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(0)} kB` : `${(bytes / 1e6).toFixed(1)} MB`
}

function formatSeconds(seconds: number): string {
  const whole = Math.ceil(seconds)
  if (whole < 100) return `${whole} s`
  const minutes = Math.round(whole / 60)
  return minutes < 100 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`
}
