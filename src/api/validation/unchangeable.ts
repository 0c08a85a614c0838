import type { ControllerRevision } from '../generated/apps-v1.ts'
import type { PersistentVolume } from '../generated/core-v1.ts'
import type { RuntimeClass } from '../generated/node-v1.ts'
import { isJsonObject } from '../draft.ts'
import { duplicate, forbidden, invalid, required } from '../meta/field-error.ts'
import type { FieldError } from '../meta/field-error.ts'
import { dnsLabelProblems } from '../meta/names.ts'
import { semanticallyEqual } from '../meta/equal.ts'
import { goDiff, goForm } from './go-form.ts'
import { nonNegative } from './numbers.ts'
import { named, unlessSame, validateLabels } from './object-meta.ts'
import { validateResources } from './resources.ts'
import { validateTolerations } from './scheduling.ts'

export function validateRuntimeClass({ handler, overhead, scheduling }: RuntimeClass): FieldError[] {
  const errors = named('handler', handler, dnsLabelProblems(handler))
  if (overhead?.podFixed !== undefined) errors.push(...validateResources({ limits: overhead.podFixed }, 'overhead'))
  if (scheduling === undefined) return errors
  const { nodeSelector, tolerations = [] } = scheduling
  errors.push(...validateLabels(nodeSelector, 'scheduling.nodeSelector'))
  errors.push(...validateTolerations(tolerations, 'scheduling.tolerations.tolerations'))
  const keys = tolerations.map(({ key, operator, value, effect }) => JSON.stringify([key, operator, value, effect]))
  const repeated = tolerations.flatMap((toleration, i) =>
    keys.indexOf(keys[i] ?? '') < i
      ? [duplicate(`scheduling.tolerations[${i}]`, goForm('core.Toleration', toleration))]
      : [],
  )
  return [...errors, ...repeated]
}

/** Kinds of which one field or two stay as they were made. */
export const validateRuntimeClassUpdate = (one: RuntimeClass, old: RuntimeClass): FieldError[] =>
  unlessSame('handler', one.handler, old.handler)

export const validateRevision = ({ revision }: ControllerRevision): FieldError[] => nonNegative('revision', revision)

export function validateRevisionCreation({ data }: ControllerRevision): FieldError[] {
  if (data === undefined || data === null) return [required('data', 'data is mandatory')]
  return isJsonObject(data) ? [] : [required('data', 'data must be a valid JSON object')]
}

export const validateRevisionUpdate = (one: ControllerRevision, old: ControllerRevision): FieldError[] =>
  unlessSame('data', one.data, old.data)

/** A volume's mode stays, and so does where it can be reached from, once that is known. */
export function validateVolumeUpdate({ spec }: PersistentVolume, { spec: old }: PersistentVolume): FieldError[] {
  const errors = sourceErrors(spec, old)
  errors.push(...unlessSame('volumeMode', spec?.volumeMode, old?.volumeMode))
  const before = old?.nodeAffinity
  if (before === undefined || semanticallyEqual(spec?.nodeAffinity, before)) return errors
  const detail = 'field is immutable, except for updating from beta label to GA'
  return [...errors, invalid('nodeAffinity', goForm('*core.VolumeNodeAffinity', spec?.nodeAffinity), detail)]
}

type VolumeSpec = PersistentVolume['spec']

/** What is not a volume's source: its source is all else. */
const NOT_SOURCE = [
  'capacity',
  'accessModes',
  'claimRef',
  'persistentVolumeReclaimPolicy',
  'storageClassName',
  'mountOptions',
  'volumeMode',
  'nodeAffinity',
  'volumeAttributesClassName',
]

function sourceErrors(spec: VolumeSpec, old: VolumeSpec): FieldError[] {
  const sourceOf = (one: VolumeSpec) =>
    Object.fromEntries(Object.entries(one ?? {}).filter(([name]) => !NOT_SOURCE.includes(name)))
  const [source, before] = [sourceOf(spec), sourceOf(old)]
  if (semanticallyEqual(source, before)) return []
  const difference = goDiff('core.PersistentVolumeSource', before, source)
  return [
    forbidden('spec.persistentvolumesource', `spec.persistentvolumesource is immutable after creation\n${difference}`),
  ]
}
