import { base, CLUSTER_NAME } from './base.ts'
import type { Base } from './base.ts'

const ADMISSION = 'admissionregistration.k8s.io/v1'
const FLOW = 'flowcontrol.apiserver.k8s.io/v1'
const DEVICES = 'resource.k8s.io/v1'

const claim = { devices: { requests: [{ name: 'gpu', exactly: { deviceClassName: 'gpu.example.com', count: 1 } }] } }

/** A request for a client certificate of a user "eve". */
const CERTIFICATE_REQUEST = [
  'LS0tLS1CRUdJTiBDRVJUSUZJQ0FURSBSRVFVRVNULS0tLS0KTUlIWE1IOENBUUF3SFRFTU1Bb0dBMVVFQXd3RFpYWmxNUTB3Q3dZ',
  'RFZRUUtEQVJrWlhaek1Ga3dFd1lIS29aSQp6ajBDQVFZSUtvWkl6ajBEQVFjRFFnQUVyOFR4T0s4Yk9rQTdMdTVJZVlyZTdXcWRV',
  'bXY3SnplQWpNa0MzamxtCkt2VnhmZk1ESUtUWXNYeno1QkV4d3lGTURSRUE1bmNhbzA4dWh6bEtqVERMWTZBQU1Bb0dDQ3FHU000',
  'OUJBTUMKQTBnQU1FVUNJQWo2TG1LOVREYlJkb2ZMS3Uyc3BiNkdKSEdwL3pDT1hFYlk4NUc0T1NtSEFpRUF6ZXQxT2Y2MwprNjll',
  'OFRkUm5EVXFlQ1MzVFMzVFJFL3MvWFYrQWs2WXhEdz0KLS0tLS1FTkQgQ0VSVElGSUNBVEUgUkVRVUVTVC0tLS0tCg==',
].join('')

/** The kinds that programs write for the most part. */
export const MORE_BASES: readonly Base[] = [
  base('apps/v1', 'ControllerRevision', 'controllerrevisions', 'one', { revision: 1, data: { a: 1 } }),
  base('events.k8s.io/v1', 'Event', 'events', 'two', {
    eventTime: '2026-01-01T00:00:00.000000Z',
    reportingController: 'example.com/controller',
    reportingInstance: 'a',
    action: 'Testing',
    reason: 'Tested',
    regarding: { kind: 'Pod', name: 'one', namespace: '{{ns}}' },
    type: 'Normal',
  }),
  base('networking.k8s.io/v1', 'IPAddress', 'ipaddresses', '192.0.2.9', {
    spec: { parentRef: { group: '', resource: 'services', namespace: 'default', name: 'x' } },
  }),
  base('networking.k8s.io/v1', 'ServiceCIDR', 'servicecidrs', CLUSTER_NAME, { spec: { cidrs: ['192.0.2.0/24'] } }),
  base('storage.k8s.io/v1', 'CSIStorageCapacity', 'csistoragecapacities', 'one', {
    storageClassName: 'x',
    capacity: '1Gi',
    nodeTopology: { matchLabels: { zone: 'a' } },
  }),
  base('storage.k8s.io/v1', 'VolumeAttributesClass', 'volumeattributesclasses', CLUSTER_NAME, {
    driverName: 'd.example.com',
    parameters: { a: 'b' },
  }),
  base(ADMISSION, 'ValidatingAdmissionPolicy', 'validatingadmissionpolicies', CLUSTER_NAME, {
    spec: {
      paramKind: { apiVersion: 'v1', kind: 'ConfigMap' },
      matchConstraints: {
        resourceRules: [
          { apiGroups: ['none.example.com'], apiVersions: ['v1'], operations: ['CREATE'], resources: ['nothings'] },
        ],
      },
      variables: [{ name: 'n', expression: 'object.metadata.name' }],
      matchConditions: [{ name: 'named', expression: "object.metadata.name != ''" }],
      validations: [{ expression: 'variables.n != "x"', message: 'no', reason: 'Invalid' }],
      auditAnnotations: [{ key: 'a', valueExpression: '"x"' }],
    },
  }),
  base(ADMISSION, 'ValidatingAdmissionPolicyBinding', 'validatingadmissionpolicybindings', CLUSTER_NAME, {
    spec: {
      policyName: 'none',
      paramRef: { name: 'x', namespace: 'y', parameterNotFoundAction: 'Deny' },
      validationActions: ['Warn'],
      matchResources: { namespaceSelector: { matchLabels: { a: 'b' } } },
    },
  }),
  base(
    'apiregistration.k8s.io/v1',
    'APIService',
    'apiservices',
    'v1.none.example.com',
    {
      spec: {
        group: 'none.example.com',
        version: 'v1',
        service: { namespace: 'none', name: 'none', port: 443 },
        insecureSkipTLSVerify: true,
        groupPriorityMinimum: 1000,
        versionPriority: 15,
      },
    },
    'io.k8s.kube-aggregator.pkg.apis.apiregistration.v1.APIService',
  ),
  base('certificates.k8s.io/v1', 'CertificateSigningRequest', 'certificatesigningrequests', CLUSTER_NAME, {
    spec: { request: CERTIFICATE_REQUEST, signerName: 'example.com/signer', usages: ['digital signature'] },
  }),
  base(FLOW, 'FlowSchema', 'flowschemas', CLUSTER_NAME, {
    spec: {
      priorityLevelConfiguration: { name: 'exempt' },
      matchingPrecedence: 1000,
      distinguisherMethod: { type: 'ByUser' },
      rules: [
        {
          subjects: [
            { kind: 'User', user: { name: 'eve' } },
            { kind: 'Group', group: { name: 'g' } },
            { kind: 'ServiceAccount', serviceAccount: { name: 's', namespace: 'n' } },
          ],
          resourceRules: [{ verbs: ['get'], apiGroups: [''], resources: ['pods'], namespaces: ['x'] }],
          nonResourceRules: [{ verbs: ['get'], nonResourceURLs: ['/healthz'] }],
        },
      ],
    },
  }),
  base(FLOW, 'PriorityLevelConfiguration', 'prioritylevelconfigurations', CLUSTER_NAME, {
    spec: {
      type: 'Limited',
      limited: {
        nominalConcurrencyShares: 5,
        limitResponse: { type: 'Queue', queuing: { queues: 16, handSize: 4, queueLengthLimit: 50 } },
      },
    },
  }),
  base(DEVICES, 'DeviceClass', 'deviceclasses', CLUSTER_NAME, {
    spec: {
      selectors: [{ cel: { expression: 'device.driver == "d.example.com"' } }],
      config: [{ opaque: { driver: 'd.example.com', parameters: { a: 1 } } }],
    },
  }),
  base(DEVICES, 'ResourceClaim', 'resourceclaims', 'one', { spec: claim }),
  base(DEVICES, 'ResourceClaimTemplate', 'resourceclaimtemplates', 'one', { spec: { spec: claim } }),
  base(DEVICES, 'ResourceSlice', 'resourceslices', CLUSTER_NAME, {
    spec: {
      driver: 'd.example.com',
      nodeName: 'n',
      pool: { name: 'pool', generation: 1, resourceSliceCount: 1 },
      devices: [
        {
          name: 'gpu-0',
          attributes: { model: { string: 'x' } },
          capacity: { memory: { value: '1Gi' } },
        },
      ],
    },
  }),
]
