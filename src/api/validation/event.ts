import type { Event } from '../generated/core-v1.ts'
import { jsonEqual, semanticallyEqual } from '../meta/equal.ts'
import { invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsSubdomainProblems, labelKeyProblems } from '../meta/names.ts'
import { goForm } from './go-form.ts'
import { immutable, named, validateFinalizerNames, validateMetadata, validateMetadataUpdate } from './object-meta.ts'

const MOST = { reportingInstance: 128, action: 128, reason: 128, message: 1024 }

/** What is wrong with a new event; the newer of its groups is strict. */
export function validateEvent(event: Event, group: string): FieldError[] {
  const errors = validateLegacy(event, group)
  if (group === '') return errors
  const { type = '', source } = event
  errors.push(
    ...validateMetadata(event.metadata, true, dnsSubdomainProblems),
    ...validateFinalizerNames(event.metadata),
    ...validateSeries(event),
  )
  if (!isSet(event.eventTime)) errors.push(required('eventTime'))
  if (type !== 'Normal' && type !== 'Warning') errors.push(invalid('type', '', `has invalid value: ${type}`))
  const unset = (field: string, found: boolean) => {
    if (found) errors.push(invalid(field, '', 'needs to be unset'))
  }
  unset('firstTimestamp', isSet(event.firstTimestamp))
  unset('lastTimestamp', isSet(event.lastTimestamp))
  unset('count', (event.count ?? 0) !== 0)
  unset('source', Boolean(source?.component) || Boolean(source?.host))
  return errors
}

const isSet = (time: unknown): boolean => time !== undefined && time !== null

/** What stays, in Kubernetes' order and under its names, with its types. */
const FIXED: readonly (readonly [field: keyof Event, type: string, shown?: string])[] = [
  ['involvedObject', 'core.ObjectReference'],
  ['reason', 'string'],
  ['message', 'string'],
  ['source', 'core.EventSource'],
  ['firstTimestamp', 'metav1.Time'],
  ['lastTimestamp', 'metav1.Time'],
  ['count', 'int32'],
  ['reason', 'string'],
  ['type', 'string'],
  ['eventTime', 'metav1.Time'],
  ['action', 'string'],
  ['related', '*core.ObjectReference'],
  ['reportingComponent', 'string', 'reportingController'],
  ['reportingInstance', 'string'],
]

export function validateEventUpdate(event: Event, old: Event, group: string): FieldError[] {
  const errors = validateLegacy(event, group)
  if (group === '') return errors
  errors.push(...validateMetadataUpdate(event.metadata, old.metadata), ...validateFinalizerNames(event.metadata))
  if (!semanticallyEqual(event.series, old.series)) errors.push(...validateSeries(event))
  const unlessFixed = ([field, type, shown = field]: (typeof FIXED)[number]) =>
    jsonEqual(goForm(type, event[field]), goForm(type, old[field]))
      ? []
      : [immutable(shown, goForm(type, event[field]))]
  return [...errors, ...FIXED.flatMap(unlessFixed)]
}

function validateSeries({ series }: Event): FieldError[] {
  if (series === undefined) return []
  const errors = (series.count ?? 0) < 2 ? [invalid('series.count', '', 'should be at least 2')] : []
  return isSet(series.lastObservedTime) ? errors : [...errors, required('series.lastObservedTime')]
}

/** An event lies in the namespace of what it is about; one about a cluster-scoped object in `default`. */
function validateLegacy(event: Event, group: string): FieldError[] {
  const { metadata, involvedObject, eventTime } = event
  const { namespace: involved = '' } = involvedObject ?? {}
  const { namespace = '' } = metadata
  const errors: FieldError[] = []
  const homes = isSet(eventTime) ? ['default', 'kube-system'] : ['', 'default']
  const matches = involved === '' ? homes.includes(namespace) : isSet(eventTime) || involved === namespace
  if (!matches) errors.push(invalid('involvedObject.namespace', involved, 'does not match event.namespace'))
  if (isSet(eventTime)) errors.push(...validateReport(event, group))
  return [...errors, ...named('namespace', namespace, dnsSubdomainProblems(namespace))]
}

function validateReport(event: Event, group: string): FieldError[] {
  const { reportingComponent = '', reportingInstance = '', action = '', reason = '', message = '' } = event
  const reporter = group === '' ? 'reportingComponent' : 'reportingController'
  const errors = reportingComponent === '' ? [required(reporter)] : []
  errors.push(...named(reporter, reportingComponent, labelKeyProblems(reportingComponent)))
  for (const [field, value] of Object.entries({ reportingInstance, action, reason, message })) {
    const most = MOST[field as keyof typeof MOST]
    if (value === '' && field !== 'message') errors.push(required(field))
    const bytes = new TextEncoder().encode(value).length
    if (bytes > most) errors.push(invalid(field, '', `can have at most ${most} characters`))
  }
  return errors
}
