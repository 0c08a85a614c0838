import type { Container, Pod } from '../api/generated/core-v1.ts'
import { milliOf, wholeOf } from '../api/meta/quantity.ts'

/** What the downward API needs beyond the pod's object. */
export interface FieldFacts {
  readonly podIp: string
  readonly hostIp: string
  readonly nodeName: string
  /** What a container may use at the most where it names no limit. */
  readonly allocatable: Readonly<Record<string, string | number>>
}

/** A field of the pod, by the paths that the downward API knows; undefined for a path that it does not know. */
export function podField(pod: Pod, path: string, facts: FieldFacts): string | undefined {
  const { metadata, spec } = pod
  const entry = /^metadata\.(labels|annotations)\['([^']+)'\]$/.exec(path)
  if (entry !== null) return metadata[entry[1] as 'labels' | 'annotations']?.[entry[2] ?? ''] ?? ''
  const fields: Readonly<Record<string, () => string>> = {
    'metadata.name': () => metadata.name ?? '',
    'metadata.namespace': () => metadata.namespace ?? '',
    'metadata.uid': () => metadata.uid ?? '',
    'metadata.labels': () => lines(metadata.labels),
    'metadata.annotations': () => lines(metadata.annotations),
    'spec.nodeName': () => facts.nodeName,
    'spec.serviceAccountName': () => spec?.serviceAccountName ?? '',
    'status.podIP': () => facts.podIp,
    'status.podIPs': () => facts.podIp,
    'status.hostIP': () => facts.hostIp,
    'status.hostIPs': () => facts.hostIp,
  }
  return fields[path]?.()
}

/** A container's request or limit, divided and rounded up as the downward API does. */
export function resourceField(
  container: Container,
  resource: string,
  divisor: string | number | undefined,
  facts: FieldFacts,
): string {
  const [side = '', name = ''] = splitOnce(resource, '.')
  const { requests, limits } = container.resources ?? {}
  const limit = limits?.[name] ?? (side === 'limits' ? facts.allocatable[name] : undefined)
  const quantity = (side === 'limits' ? limit : (requests?.[name] ?? limits?.[name])) ?? '0'
  const unit = divisor === undefined || divisor === '0' || divisor === '' ? '1' : divisor
  const numberOf = name === 'cpu' ? milliOf : wholeOf
  return String(Math.ceil(numberOf(quantity) / Math.max(1, numberOf(unit))))
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + separator.length)]
}

/** `key="value"` a line, sorted, as the kubelet writes labels and annotations. */
function lines(map: Readonly<Record<string, string>> = {}): string {
  return Object.keys(map)
    .sort()
    .map((key) => `${key}=${JSON.stringify(map[key])}`)
    .join('\n')
}
