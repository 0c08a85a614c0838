import type { RunSummary, StageSummary } from '../../compute/trace/run-summary.ts'
import { formatBytes } from './progress-text.ts'

/** So many stages are told of, those that took longest. */
const STAGES = 12

/** What a run has spent, a few lines for its end. */
export function summaryText(summary: RunSummary): string {
  const { stages, slowest } = summary
  const shown = [...stages].sort((left, right) => right.busyMs - left.busyMs).slice(0, STAGES)
  const width = Math.max(...shown.map(({ name }) => name.length), 0)
  const left = stages.length - shown.length
  return [
    `  ${wholeLine(summary)}`,
    ...shown.map((stage) => `  ${stageLine(stage, width)}`),
    ...(left > 0 ? [`  and ${left} stages more`] : []),
    ...slowest.slice(0, 3).map(({ name, what = '', micros, pod, thread, outcome }) => {
      const how = outcome === 'done' ? '' : `, ${outcome}`
      return `  slow: ${name}, ${what}: ${seconds(micros / 1000)} on ${pod}/${thread}${how}`
    }),
  ].join('\n')
}

function wholeLine({ ms, cpuMs, threads, residentBytes, keptBytes, retries, losses, second }: RunSummary): string {
  const share = cpuMs === undefined ? 0 : Math.round((cpuMs / (ms * Math.max(1, threads))) * 100)
  return [
    `session ${seconds(ms)}`,
    ...(cpuMs === undefined ? [] : [`processor time ${seconds(cpuMs)}, ${share}% of its threads'`]),
    ...(residentBytes === 0 ? [] : [`memory ${formatBytes(residentBytes)}`]),
    ...(keptBytes === 0 ? [] : [`on disk ${formatBytes(keptBytes)}`]),
    ...(retries === 0 ? [] : [`${retries} retried`]),
    ...(losses === 0 ? [] : [`${losses} lost`]),
    ...(second === 0 ? [] : [`${second} slow ones run twice`]),
  ].join('; ')
}

function stageLine(stage: StageSummary, width: number): string {
  const { name, tasks, items, failed, lost, late, busyMs, longestMs, bytesIn, bytesOut } = stage
  return [
    `${name.padEnd(width)}  ${items} items in ${tasks} tasks`,
    `busy ${seconds(busyMs)}`,
    `longest ${seconds(longestMs)}`,
    `${formatBytes(bytesIn)} in, ${formatBytes(bytesOut)} out`,
    ...(failed === 0 ? [] : [`${failed} failed`]),
    ...(lost === 0 ? [] : [`${lost} lost`]),
    ...(late === 0 ? [] : [`${late} too late`]),
  ].join('; ')
}

function seconds(ms: number): string {
  return ms < 1000 ? `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`
}
