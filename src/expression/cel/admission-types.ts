import type { CelType } from './cel-type.ts'

const DYN: CelType = { kind: 'simple', name: 'dyn' }
const STRING: CelType = { kind: 'simple', name: 'string' }
const STRINGS: CelType = { kind: 'list', items: STRING }

function record(name: string, fields: Readonly<Record<string, CelType>>): CelType {
  const entries = Object.entries(fields).map(([json, type]) => [json, { json, type }] as const)
  return { kind: 'object', name, fields: new Map(entries) }
}

const KIND = record('kubernetes.GroupVersionKind', { group: STRING, version: STRING, kind: STRING })
const RESOURCE = record('kubernetes.GroupVersionResource', { group: STRING, version: STRING, resource: STRING })

export const REQUEST = record('kubernetes.AdmissionRequest', {
  kind: KIND,
  resource: RESOURCE,
  subResource: STRING,
  requestKind: KIND,
  requestResource: RESOURCE,
  requestSubResource: STRING,
  name: STRING,
  namespace: STRING,
  operation: STRING,
  userInfo: record('kubernetes.UserInfo', {
    username: STRING,
    uid: STRING,
    groups: STRINGS,
    extra: { kind: 'map', keys: STRING, values: STRINGS },
  }),
  dryRun: { kind: 'simple', name: 'bool' },
  options: DYN,
})

/** What an expression of a policy or a match condition may name. */
export const ADMISSION_VARIABLES: ReadonlyMap<string, CelType> = new Map([
  ['object', DYN],
  ['oldObject', DYN],
  ['request', REQUEST],
  ['authorizer', { kind: 'opaque', name: 'kubernetes.authorization.Authorizer', of: [] }],
  ['authorizer.requestResource', { kind: 'opaque', name: 'kubernetes.authorization.ResourceCheck', of: [] }],
])

const TEXTS: CelType = { kind: 'map', keys: STRING, values: STRING }
const INT: CelType = { kind: 'simple', name: 'int' }
const TIME: CelType = { kind: 'simple', name: 'google.protobuf.Timestamp' }

const NAMESPACE = record('kubernetes.Namespace', {
  metadata: record('kubernetes.NamespaceMetadata', {
    name: STRING,
    generateName: STRING,
    namespace: STRING,
    labels: TEXTS,
    annotations: TEXTS,
    UID: STRING,
    creationTimestamp: TIME,
    deletionGracePeriodSeconds: INT,
    deletionTimestamp: TIME,
    generation: INT,
    resourceVersion: STRING,
    finalizers: STRINGS,
  }),
  spec: record('kubernetes.NamespaceSpec', { finalizers: STRINGS }),
  status: record('kubernetes.NamespaceStatus', {
    conditions: {
      kind: 'list',
      items: record('kubernetes.NamespaceCondition', {
        status: STRING,
        type: STRING,
        lastTransitionTime: TIME,
        message: STRING,
        reason: STRING,
      }),
    },
    phase: STRING,
  }),
})

/** Of a Namespace, policies see only what is named here. */
export const NAMESPACE_VARIABLE = ['namespaceObject', NAMESPACE] as const
export const PARAMS_VARIABLE = ['params', DYN] as const
