import type { HorizontalPodAutoscaler, MetricSpec, MetricStatus } from '../generated/autoscaling-v2.ts'
import { ageOf } from '../meta/duration.ts'
import type { Cell, CellFunctions } from './column.ts'

const MOST_METRICS = 2
const UNKNOWN = '<unknown>'

function autoscalerCells({ metadata, spec, status }: HorizontalPodAutoscaler, nowMs: number): readonly Cell[] {
  const { scaleTargetRef: target, minReplicas, maxReplicas } = spec ?? {}
  return [
    metadata.name ?? '',
    `${target?.kind}/${target?.name}`,
    metricsText(spec?.metrics ?? [], status?.currentMetrics ?? []),
    minReplicas === undefined ? '<unset>' : String(minReplicas),
    maxReplicas ?? 0,
    status?.currentReplicas ?? 0,
    ageOf(metadata.creationTimestamp, nowMs),
  ]
}

function metricsText(specs: readonly MetricSpec[], statuses: readonly MetricStatus[]): string {
  if (specs.length === 0) return '<none>'
  const shown = specs.slice(0, MOST_METRICS).map((spec, i) => metricText(spec, statuses[i]))
  const more = specs.length > MOST_METRICS ? ` + ${specs.length - MOST_METRICS} more...` : ''
  return `${shown.join(', ')}${more}`
}

/** What is measured beside what is aimed at: an average for each pod, a value, or a share of what was requested. */
function metricText(spec: MetricSpec, status: MetricStatus | undefined): string {
  if (spec.type === 'Pods') {
    return `${status?.pods?.current.averageValue ?? UNKNOWN}/${spec.pods?.target.averageValue}`
  }
  if (spec.type === 'External') return valueText(spec.external?.target, status?.external?.current)
  if (spec.type === 'Object') return valueText(spec.object?.target, status?.object?.current)
  if (spec.type === 'Resource') {
    return `${spec.resource?.name}: ${resourceText(spec.resource?.target, status?.resource?.current)}`
  }
  if (spec.type !== 'ContainerResource') return '<unknown type>'
  const { containerResource: resource } = spec
  return `${resource?.name}: ${resourceText(resource?.target, status?.containerResource?.current)}`
}

type Target = NonNullable<MetricSpec['resource']>['target'] | undefined
type Current = NonNullable<MetricStatus['resource']>['current'] | undefined

function valueText(target: Target, current: Current): string {
  if (target?.averageValue === undefined) return `${current?.value ?? UNKNOWN}/${target?.value}`
  return `${current?.averageValue ?? UNKNOWN}/${target.averageValue} (avg)`
}

function resourceText(target: Target, current: Current): string {
  if (target?.averageValue !== undefined) return `${current?.averageValue ?? UNKNOWN}/${target.averageValue}`
  const percent = (share: number | undefined, none: string) => (share === undefined ? none : `${share}%`)
  return `${percent(current?.averageUtilization, UNKNOWN)}/${percent(target?.averageUtilization, '<auto>')}`
}

export const autoscalingCells: CellFunctions = { 'horizontalpodautoscalers.autoscaling': autoscalerCells }
