import { apply, at, CORE, get, json, merge, post, put, remove, scenario, setup } from './scenario.ts'

const labels = { app: 'x' }
const by = (manager: string, more = '') => `?fieldManager=${manager}${more}`
const PODS = `${CORE}/pods`
const pod = (name: string, spec: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, ...metadata },
  spec,
})
const SERVICE = `${CORE}/services/s`
const service = (spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name: 's' }, spec })
const SLICE = `${at('discovery.k8s.io/v1')}/endpointslices/e`
const slice = (rest: object) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { name: 'e' },
  addressType: 'IPv4',
  ...rest,
})
const INGRESS = `${at('networking.k8s.io/v1')}/ingresses/i`
const ingress = (spec: object) => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'Ingress',
  metadata: { name: 'i' },
  spec,
})
const ACCOUNT = `${CORE}/serviceaccounts/a`
const ROLE = `${at('rbac.authorization.k8s.io/v1')}/roles/r`
const SECRET = `${CORE}/secrets/q`
const SCALER = '/horizontalpodautoscalers/h'
const scaler = (version: string, spec: object) => ({
  apiVersion: `autoscaling/${version}`,
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'h' },
  spec: { scaleTargetRef: { kind: 'Deployment', name: 'd' }, maxReplicas: 3, ...spec },
})
const CONFIG = `${CORE}/configmaps/c`
const config = (rest: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...metadata },
  ...rest,
})
const SET = `${at('apps/v1')}/statefulsets/w`
const set = (spec: object) => ({ apiVersion: 'apps/v1', kind: 'StatefulSet', metadata: { name: 'w' }, spec })

export const applyKinds = scenario(
  'apply-kinds',
  'Server-side apply on kinds whose lists merge each in their own way',
  [
    apply(
      'pod',
      `${PODS}/p${by('one')}`,
      pod('p', {
        containers: [
          {
            name: 'a',
            image: 'a',
            ports: [{ containerPort: 80 }, { containerPort: 80, protocol: 'UDP' }],
            volumeMounts: [{ name: 'v', mountPath: '/v' }],
            env: [{ name: 'A', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } }],
          },
        ],
        volumes: [{ name: 'v', emptyDir: {} }],
        tolerations: [{ key: 'k', operator: 'Exists' }],
        topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }],
        hostAliases: [{ ip: '10.0.0.1', hostnames: ['h'] }],
        imagePullSecrets: [{ name: 's' }],
      }),
    ),
    apply('pod image by another', `${PODS}/p${by('two')}`, pod('p', { containers: [{ name: 'a', image: 'b' }] })),
    apply(
      'pod image by force',
      `${PODS}/p${by('two', '&force=true')}`,
      pod('p', { containers: [{ name: 'a', image: 'b' }] }),
    ),
    apply(
      'pod label of both',
      `${PODS}/p${by('two')}`,
      pod('p', { containers: [{ name: 'a', image: 'b' }] }, { labels }),
    ),
    apply(
      'pod label of the first too',
      `${PODS}/p${by('one', '&force=true')}`,
      pod('p', { containers: [{ name: 'a', image: 'b' }] }, { labels }),
    ),
    apply('pod without labels', `${PODS}/p${by('two')}`, pod('p', { containers: [{ name: 'a', image: 'b' }] })),
    get('pod owners', `${PODS}/p`),
    apply(
      'owner reference',
      `${PODS}/p${by('three')}`,
      pod('p', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'u' }] }),
    ),
    apply(
      'another owner reference',
      `${PODS}/p${by('four')}`,
      pod('p', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'y', uid: 'v' }] }),
    ),
    apply(
      'service',
      `${SERVICE}${by('one')}`,
      service({
        ports: [
          { port: 80, name: 'a' },
          { port: 53, name: 'u', protocol: 'UDP' },
          { port: 53, name: 't', protocol: 'TCP' },
        ],
        selector: labels,
        externalIPs: ['192.0.2.1'],
      }),
    ),
    apply('service without a protocol', `${SERVICE}${by('two')}`, service({ ports: [{ port: 53, name: 't2' }] })),
    apply(
      'service loses a port',
      `${SERVICE}${by('one')}`,
      service({ ports: [{ port: 80, name: 'a' }], selector: labels }),
    ),
    apply(
      'service of two families',
      `${SERVICE}${by('three')}`,
      service({ ipFamilies: ['IPv4'], ipFamilyPolicy: 'SingleStack' }),
    ),
    apply('service selector', `${SERVICE}${by('three')}`, service({ selector: { other: 'y' } })),
    merge('service port by number', `${SERVICE}?fieldManager=four`, {
      spec: { ports: [{ port: 80, name: 'a', targetPort: 'http' }] },
    }),
    apply(
      'service port back',
      `${SERVICE}${by('one')}`,
      service({ ports: [{ port: 80, name: 'a', targetPort: 80 }], selector: labels }),
    ),
    apply(
      'slice',
      `${SLICE}${by('one')}`,
      slice({ endpoints: [{ addresses: ['10.0.0.1'] }], ports: [{ name: 'a', port: 80 }] }),
    ),
    apply('slice by another', `${SLICE}${by('two')}`, slice({ endpoints: [{ addresses: ['10.0.0.2'] }] })),
    apply(
      'slice by force',
      `${SLICE}${by('two', '&force=true')}`,
      slice({ endpoints: [{ addresses: ['10.0.0.2'], conditions: { ready: true } }] }),
    ),
    apply(
      'ingress',
      `${INGRESS}${by('one')}`,
      ingress({
        rules: [
          {
            host: 'a.example.com',
            http: {
              paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 's', port: { name: 'p' } } } }],
            },
          },
        ],
        tls: [{ hosts: ['a.example.com'] }],
      }),
    ),
    apply('ingress by another', `${INGRESS}${by('two')}`, ingress({ rules: [{ host: 'b.example.com' }] })),
    apply('account', `${ACCOUNT}${by('one')}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'a' },
      secrets: [{ name: 'x' }],
      imagePullSecrets: [{ name: 'y' }],
    }),
    apply('account by another', `${ACCOUNT}${by('two')}`, {
      apiVersion: 'v1',
      kind: 'ServiceAccount',
      metadata: { name: 'a' },
      secrets: [{ name: 'z' }],
      imagePullSecrets: [{ name: 'z' }],
    }),
    apply('role', `${ROLE}${by('one')}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get'] }],
    }),
    apply('role by another', `${ROLE}${by('two')}`, {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'Role',
      metadata: { name: 'r' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['list'] }],
    }),
    apply('secret of text', `${SECRET}${by('one')}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'q' },
      stringData: { a: 'b' },
      data: { c: 'ZA==' },
    }),
    apply('secret of text again', `${SECRET}${by('one')}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'q' },
      stringData: { a: 'e' },
    }),
    apply('secret of data by another', `${SECRET}${by('two')}`, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'q' },
      data: { a: 'Zg==' },
    }),
    apply(
      'scaler of version 2',
      `${at('autoscaling/v2')}${SCALER}${by('one')}`,
      scaler('v2', {
        metrics: [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 50 } } },
        ],
      }),
    ),
    apply(
      'scaler of version 1',
      `${at('autoscaling/v1')}${SCALER}${by('two')}`,
      scaler('v1', { targetCPUUtilizationPercentage: 60 }),
    ),
    apply(
      'scaler of version 1 by the first',
      `${at('autoscaling/v1')}${SCALER}${by('one', '&force=true')}`,
      scaler('v1', { targetCPUUtilizationPercentage: 70 }),
    ),
    get('scaler in the end', `${at('autoscaling/v2')}${SCALER}`),
    put('config by update', `${CONFIG}`, config({ data: { a: '1' } })),
    post('config made', `${CORE}/configmaps?fieldManager=maker`, config({ data: { a: '1', b: '2' } })),
    apply('config applied over', `${CONFIG}${by('maker')}`, config({ data: { a: '1' } })),
    apply('config applied over otherwise', `${CONFIG}${by('maker')}`, config({ data: { a: '3' } })),
    apply('config by force', `${CONFIG}${by('maker', '&force=true')}`, config({ data: { a: '3' } })),
    put('config put by the applier', `${CONFIG}?fieldManager=maker`, config({ data: { a: '4', d: '5' } })),
    json('config by operations', `${CONFIG}?fieldManager=j`, [{ op: 'replace', path: '/data/d', value: '6' }]),
    merge('config null', `${CONFIG}?fieldManager=k`, { data: { d: null } }),
    apply('config of empty data', `${CONFIG}${by('maker', '&force=true')}`, config({ data: {} })),
    apply('config of nothing', `${CONFIG}${by('maker')}`, config({})),
    apply('config immutable', `${CONFIG}${by('lock')}`, config({ immutable: true, data: { z: '1' } })),
    apply('config immutable changes', `${CONFIG}${by('lock')}`, config({ immutable: true, data: { z: '2' } })),
    apply(
      'config keeps its time',
      `${CONFIG}${by('lock')}`,
      config(
        { immutable: true, data: { z: '1' } },
        { creationTimestamp: '2020-01-01T00:00:00Z', generation: 5, selfLink: 'x' },
      ),
    ),
    apply('same again', `${CONFIG}${by('lock')}`, config({ immutable: true, data: { z: '1' } })),
    merge('managers renamed', CONFIG, {
      metadata: {
        managedFields: [
          {
            manager: 'renamed',
            operation: 'Apply',
            apiVersion: 'v1',
            time: '2026-01-01T00:00:00Z',
            fieldsType: 'FieldsV1',
            fieldsV1: { 'f:data': { 'f:z': {} } },
          },
        ],
      },
    }),
    apply('after the renaming', `${CONFIG}${by('lock')}`, config({ data: { z: '1' } })),
    apply('renamed lets go', `${CONFIG}${by('renamed')}`, config({ data: {} })),
    apply(
      'set',
      `${SET}${by('one')}`,
      set({
        serviceName: 's',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a' }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'd' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      }),
    ),
    apply(
      'set again',
      `${SET}${by('one')}`,
      set({
        replicas: 2,
        serviceName: 's',
        selector: { matchLabels: labels },
        template: { metadata: { labels, annotations: { a: 'b' } }, spec: { containers: [{ name: 'a', image: 'b' }] } },
        volumeClaimTemplates: [
          {
            metadata: { name: 'd' },
            spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
          },
        ],
      }),
    ),
    apply(
      'set with other claims',
      `${SET}${by('one')}`,
      set({
        serviceName: 's',
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'b' }] } },
        volumeClaimTemplates: [],
      }),
    ),
    apply('job', `${at('batch/v1')}/jobs/j${by('one')}`, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
    }),
    apply('job again', `${at('batch/v1')}/jobs/j${by('one')}`, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { parallelism: 2, template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'a' }] } } },
    }),
    apply('job of another image', `${at('batch/v1')}/jobs/j${by('one')}`, {
      apiVersion: 'batch/v1',
      kind: 'Job',
      metadata: { name: 'j' },
      spec: { template: { spec: { restartPolicy: 'Never', containers: [{ name: 'a', image: 'b' }] } } },
    }),
    apply('claim', `${CORE}/persistentvolumeclaims/v${by('one')}`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'v' },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    }),
    apply('claim of the same size in other words', `${CORE}/persistentvolumeclaims/v${by('two')}`, {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: 'v' },
      spec: { resources: { requests: { storage: '1024Mi' } } },
    }),
    apply('policy', `${at('networking.k8s.io/v1')}/networkpolicies/n${by('one')}`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'n' },
      spec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] },
    }),
    apply('deletion of a part', `${at('networking.k8s.io/v1')}/networkpolicies/n${by('one')}`, {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'n' },
      spec: { podSelector: {} },
    }),
    apply('one that goes', `${CORE}/configmaps/going${by('one')}`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'going', finalizers: ['x.io/y'] },
    }),
    remove('going', `${CORE}/configmaps/going`),
    apply('applied while going', `${CORE}/configmaps/going${by('one')}`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'going', finalizers: ['x.io/y'] },
      data: { a: '1' },
    }),
    apply('finalizers let go', `${CORE}/configmaps/going${by('one')}`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'going' },
    }),
    get('is gone', `${CORE}/configmaps/going`),
    setup(
      post('lease', `${at('coordination.k8s.io/v1')}/leases`, {
        apiVersion: 'coordination.k8s.io/v1',
        kind: 'Lease',
        metadata: { name: 'l' },
        spec: { holderIdentity: 'a' },
      }),
    ),
    apply('lease', `${at('coordination.k8s.io/v1')}/leases/l${by('b')}`, {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { name: 'l' },
      spec: { holderIdentity: 'b' },
    }),
  ],
)
