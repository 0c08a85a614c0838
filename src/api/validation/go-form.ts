import { isJsonObject } from '../draft.ts'
import type { JsonObject } from '../draft.ts'
import { GO_FORMS } from '../generated/go-forms.ts'
import { isNone, semanticallyEqual } from '../meta/equal.ts'
import type { FieldError } from '../meta/field-error.ts'
import { immutable } from './object-meta.ts'
import { unifiedDiff } from './unified-diff.ts'

/**
 * A value as Kubernetes' own type of it, such as `core.PodSpec`, is written as JSON: with Go's names, all fields, in their
 * order. Messages show values so.
 */
export function goForm(type: string, value: unknown): unknown {
  if (type.startsWith('*')) return value === undefined || value === null ? null : goForm(type.slice(1), value)
  if (type.startsWith('[]')) return Array.isArray(value) ? value.map((item) => goForm(type.slice(2), item)) : null
  if (type.startsWith('map[')) return isJsonObject(value) ? mapForm(type.slice(type.indexOf(']') + 1), value) : null
  const fields = GO_FORMS[type]
  if (fields === undefined) return value === undefined || value === null ? zeroOf(type) : plain(value)
  return structForm(type, fields, isJsonObject(value) ? value : {})
}

/** The fault of a value that was to stay, shown as its type is. */
export const unlessSameForm = (path: string, type: string, value: unknown, old: unknown): FieldError[] =>
  semanticallyEqual(value, old) ? [] : [immutable(path, goForm(type, value))]

/** How two values of a type differ, as Kubernetes shows it. */
export function goDiff(type: string, before: unknown, after: unknown): string {
  const text = (value: unknown) =>
    JSON.stringify(goForm(type, value), undefined, 1).replaceAll(
      /[<>&]/g,
      (one) => `\\u00${one.charCodeAt(0).toString(16)}`,
    )
  return unifiedDiff(text(before), text(after))
}

const mapForm = (values: string, value: JsonObject): unknown =>
  Object.fromEntries(sortedEntries(value).map(([key, item]) => [key, goForm(values, item)]))

const sortedEntries = (value: JsonObject) => Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))

const ZEROS: Readonly<Record<string, unknown>> = {
  string: '',
  'types.UID': '',
  bool: false,
  'resource.Quantity': '0',
  'metav1.Time': null,
  'metav1.LabelSelector': {},
  'metav1.ObjectMeta': {},
}
const zeroOf = (type: string): unknown => (type in ZEROS ? ZEROS[type] : 0)

/** Types of the API machinery are written as on the wire, in the order of their fields. */
const META_ORDER = [
  'name',
  'generateName',
  'namespace',
  'labels',
  'annotations',
  'ownerReferences',
  'finalizers',
  'matchLabels',
  'matchExpressions',
  'key',
  'operator',
  'values',
]

function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain)
  if (!isJsonObject(value)) return value
  const rank = (key: string) => META_ORDER.indexOf(key)
  const present = sortedEntries(value).filter(([, item]) => !isNone(item))
  const entries = present.toSorted(([a], [b]) => rank(a) - rank(b))
  return Object.fromEntries(entries.map(([key, item]) => [key, plain(item)]))
}

const CHAP = { chapAuthDiscovery: 'discoverychapauth', chapAuthSession: 'sessionchapauth' }
const RBD = { image: 'rbdimage', monitors: 'cephmonitors', pool: 'rbdpool', user: 'radosuser' }

/** Fields that have another name within Kubernetes than on the wire, in lower case. */
const OTHER_NAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'core.AzureDiskVolumeSource': { diskURI: 'datadiskuri' },
  'core.GlusterfsPersistentVolumeSource': { endpoints: 'endpointsname' },
  'core.GlusterfsVolumeSource': { endpoints: 'endpointsname' },
  'core.ISCSIPersistentVolumeSource': CHAP,
  'core.ISCSIVolumeSource': CHAP,
  'core.RBDPersistentVolumeSource': RBD,
  'core.RBDVolumeSource': RBD,
  'resource.DeviceAttribute': { bool: 'boolvalue', int: 'intvalue', string: 'stringvalue', version: 'versionvalue' },
}

/** What lies beside a pod's security context on the wire lies within it in Kubernetes. */
const IN_SECURITY_CONTEXT = ['hostNetwork', 'hostPID', 'hostIPC', 'shareProcessNamespace', 'hostUsers']

function structForm(type: string, fields: string, value: JsonObject): JsonObject {
  const wire = type === 'core.PodSpec' ? withSecurityContext(value) : value
  const renamed = OTHER_NAMES[type] ?? {}
  const byName = new Map(Object.entries(wire).map(([name, part]) => [renamed[name] ?? name.toLowerCase(), part]))
  const form: JsonObject = {}
  for (const field of fields.split(' ')) {
    const [name = '', inner = ''] = field.split(':')
    if (name !== '') form[name] = goForm(inner, byName.get(name.toLowerCase()))
    else if (inner === 'metav1.ObjectMeta') Object.assign(form, plain(wire['metadata'] ?? {}))
    else Object.assign(form, goForm(inner, wire))
  }
  return form
}

function withSecurityContext(spec: JsonObject): JsonObject {
  const moved = IN_SECURITY_CONTEXT.filter((name) => spec[name] !== undefined).map(
    (name) => [name, spec[name]] as const,
  )
  const own = spec['securityContext']
  if (own === undefined && moved.length === 0) return spec
  return { ...spec, securityContext: { ...(isJsonObject(own) ? own : {}), ...Object.fromEntries(moved) } }
}
