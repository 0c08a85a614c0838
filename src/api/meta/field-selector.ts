import type { KubeObject } from '../object.ts'
import type { ResourceType } from '../resource-type.ts'
import { groupResourceOf } from '../resource-type.ts'
import { apiError } from './status.ts'

/** One requirement on a field, such as `spec.nodeName=a`. */
export interface FieldRequirement {
  readonly field: string
  readonly equals: boolean
  readonly value: string
}

export type FieldSelector = readonly FieldRequirement[]

const EVENT_FIELDS = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** What each kind can be selected by, beside `metadata.name` and `metadata.namespace`. */
const FIELDS: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  nodes: ['spec.unschedulable'],
  namespaces: ['status.phase', 'name'],
  secrets: ['type'],
  services: ['spec.clusterIP', 'spec.type'],
  events: [...EVENT_FIELDS.map((field) => `involvedObject.${field}`), 'reason', 'reportingComponent', 'source', 'type'],
  'events.events.k8s.io': [
    ...EVENT_FIELDS.map((field) => `regarding.${field}`),
    'reason',
    'reportingController',
    'type',
  ],
  replicationcontrollers: ['status.replicas'],
  'resourceslices.resource.k8s.io': ['spec.nodeName', 'spec.driver'],
  'jobs.batch': ['status.successful'],
  'certificatesigningrequests.certificates.k8s.io': ['spec.signerName'],
}

/** Parses a field selector for a kind. Throws a BadRequest ApiError for fields that the kind cannot be selected by. */
export function parseFieldSelector(
  type: ResourceType,
  text: string,
  extraFields: readonly string[] = [],
): FieldSelector {
  return parseFieldTerms(text).map((requirement) => {
    const known = ['metadata.name', 'metadata.namespace', ...(FIELDS[groupResourceOf(type)] ?? []), ...extraFields]
    if (known.includes(requirement.field)) return requirement
    throw apiError('BadRequest', unsupported(type, requirement.field, extraFields.length > 0))
  })
}

/** The requirements of a field selector, whatever the fields. Throws a BadRequest ApiError where it is not one. */
export function parseFieldTerms(text: string): FieldSelector {
  // Faults are told of the first in alphabetical order; what compares nothing with nothing says nothing.
  const terms = splitTerms(text)
    .toSorted()
    .map((term) => parseTerm(term, text))
  return terms.filter(({ field, value }) => field !== '' || value !== '')
}

/** Kinds without fields of their own answer from the machinery, the others from their own conversion. */
function unsupported(type: ResourceType, field: string, hasExtra: boolean): string {
  if (groupResourceOf(type) === 'jobs.batch') return `field label ${JSON.stringify(field)} not supported for Job`
  if (type.kind === 'ResourceSlice' && type.group === 'resource.k8s.io')
    return `field label not supported for resource.k8s.io/${type.version}, Kind=ResourceSlice: ${field}`
  if (hasExtra || FIELDS[groupResourceOf(type)] !== undefined) return `field label not supported: ${field}`
  return `${JSON.stringify(field)} is not a known field selector: only "metadata.name", "metadata.namespace"`
}

function parseTerm(term: string, text: string): FieldRequirement {
  const match = /^([^]*?)(!=|==|=)([^]*)$/.exec(term)
  if (match === null) throw apiError('BadRequest', `invalid selector: '${text}'; can't understand '${term}'`)
  const [, field = '', operator, raw = ''] = match
  return { field, equals: operator !== '!=', value: unescaped(raw) }
}

/** A value's own backslashes, commas and equal signs stand behind a backslash. */
function unescaped(raw: string): string {
  const [wrong] = /^(?:[^\\,=]|\\[\\,=])*/.exec(raw) ?? ['']
  const rest = raw.slice(wrong.length)
  if (rest.startsWith('\\')) {
    throw apiError('BadRequest', `invalid field selector: invalid escape sequence: ${rest.slice(0, 2)}`)
  }
  if (rest !== '') {
    throw apiError('BadRequest', `invalid field selector: unescaped character in value: ${rest.codePointAt(0)}`)
  }
  return raw.replaceAll(/\\([\\,=])/g, '$1')
}

function splitTerms(text: string): string[] {
  return text
    .split(/(?<=(?:^|[^\\])(?:\\\\)*),/)
    .map((term) => term.replace(/,$/, ''))
    .filter((term) => term !== '')
}

export function matchesFields(type: ResourceType, selector: FieldSelector, object: KubeObject): boolean {
  return selector.every(({ field, equals, value }) => (fieldValue(type, object, field) === value) === equals)
}

/** A field's value as a selector compares it: absent is empty. */
function fieldValue(type: ResourceType, object: KubeObject, field: string): string {
  if (field === 'name') return object.metadata.name ?? ''
  if (field === 'source') return String(read(object, 'source.component') ?? read(object, 'reportingComponent') ?? '')
  if (field === 'status.successful') return String(read(object, 'status.succeeded') ?? 0)
  const value = read(object, field) ?? (type.kind === 'Event' ? read(object, storedEventField(field)) : undefined)
  if (value !== undefined && value !== null) return String(value)
  if (field === 'spec.unschedulable' || field === 'spec.hostNetwork') return 'false'
  return type.kind !== 'Pod' && field === 'status.replicas' ? '0' : ''
}

/** Events are stored in the older version, whose fields have other names. */
const storedEventField = (field: string): string =>
  field === 'reportingController' ? 'reportingComponent' : field.replace(/^regarding\./, 'involvedObject.')

function read(object: unknown, path: string): unknown {
  let value = object
  for (const part of path.split('.')) value = (value as Record<string, unknown> | undefined | null)?.[part]
  return value
}
