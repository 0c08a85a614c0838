import { apply, at, CORE, get, json, merge, post, put, remove, scenario, setup } from './scenario.ts'

const DEPLOYMENTS = `${at('apps/v1')}/deployments`
const SERVICES = `${CORE}/services`
const by = (manager: string, more = '') => `?fieldManager=${manager}${more}`

const deployment = (spec: object, container: object = {}) => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'web' },
  spec: {
    selector: { matchLabels: { app: 'web' } },
    template: {
      metadata: { labels: { app: 'web' } },
      spec: { containers: [{ name: 'main', image: 'app:1', ...container }] },
    },
    ...spec,
  },
})

const config = (data: object, metadata: object = {}) => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'c', ...metadata },
  data,
})

const CONFIG = `${CORE}/configmaps/c`

export const applyMore = scenario('apply-more', 'Server-side apply: ownership, conflicts, lists, errors', [
  apply('create', `${DEPLOYMENTS}/web${by('one')}`, deployment({ replicas: 2 })),
  apply('other owns image too', `${DEPLOYMENTS}/web${by('two')}`, deployment({})),
  apply(
    'conflicts in several fields',
    `${DEPLOYMENTS}/web${by('three')}`,
    deployment({ replicas: 3 }, { image: 'app:2' }),
  ),
  apply('forced', `${DEPLOYMENTS}/web${by('three', '&force=true')}`, deployment({ replicas: 3 }, { image: 'app:2' })),
  apply('dry run', `${DEPLOYMENTS}/web${by('four', '&dryRun=All&force=true')}`, deployment({ replicas: 9 })),
  apply('adds a container', `${DEPLOYMENTS}/web${by('five')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [{ name: 'side', image: 'side:1' }] } } },
  }),
  apply('takes it away', `${DEPLOYMENTS}/web${by('five')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {},
  }),
  apply('env by name', `${DEPLOYMENTS}/web${by('six')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      template: {
        spec: { containers: [{ name: 'main', env: [{ name: 'A', value: '1' }], ports: [{ containerPort: 80 }] }] },
      },
    },
  }),
  apply('duplicate key', `${DEPLOYMENTS}/web${by('seven')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: {
      template: {
        spec: {
          containers: [
            { name: 'x', image: 'a' },
            { name: 'x', image: 'b' },
          ],
        },
      },
    },
  }),
  apply('key is missing', `${DEPLOYMENTS}/web${by('seven')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { template: { spec: { containers: [{ image: 'a' }] } } },
  }),
  apply('wrong type', `${DEPLOYMENTS}/web${by('seven')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 'two' },
  }),
  merge('update after apply', `${DEPLOYMENTS}/web?fieldManager=eight`, { spec: { replicas: 5 } }),
  apply('conflict with an update', `${DEPLOYMENTS}/web${by('one')}`, deployment({ replicas: 2 })),
  put('scale by subresource', `${DEPLOYMENTS}/web/scale?fieldManager=nine`, {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: '{{ns}}' },
    spec: { replicas: 7 },
  }),
  apply('conflict with scale', `${DEPLOYMENTS}/web${by('one')}`, deployment({ replicas: 2 })),
  apply('status', `${DEPLOYMENTS}/web/status${by('ten')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    status: { replicas: 4, conditions: [{ type: 'Available', status: 'True', reason: 'x', message: 'y' }] },
  }),
  apply('status keeps spec', `${DEPLOYMENTS}/web/status${by('ten')}`, {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'web' },
    spec: { replicas: 99 },
    status: { replicas: 5 },
  }),
  apply('scale', `${DEPLOYMENTS}/web/scale${by('eleven', '&force=true')}`, {
    apiVersion: 'autoscaling/v1',
    kind: 'Scale',
    metadata: { name: 'web', namespace: '{{ns}}' },
    spec: { replicas: 6 },
  }),
  get('in the end', `${DEPLOYMENTS}/web`),
  apply('map', `${CONFIG}${by('one')}`, config({ a: '1', b: '2' }, { labels: { x: '1' }, annotations: { y: '2' } })),
  apply('other keys', `${CONFIG}${by('two')}`, config({ c: '3' }, { finalizers: ['example.com/two'] })),
  apply('leaves one out', `${CONFIG}${by('one')}`, config({ a: '1' }, { finalizers: ['example.com/one'] })),
  apply('set loses one', `${CONFIG}${by('two')}`, config({ c: '3' })),
  apply('version conflict', `${CONFIG}${by('one')}`, config({ a: '1' }, { resourceVersion: '1' })),
  apply('uid conflict', `${CONFIG}${by('one')}`, config({ a: '1' }, { uid: '00000000-0000-0000-0000-000000000000' })),
  apply('name differs', `${CONFIG}${by('one')}`, config({}, { name: 'd' })),
  apply('no name', `${CONFIG}${by('one')}`, config({}, { name: undefined })),
  apply('generateName', `${CONFIG}${by('one')}`, config({}, { name: undefined, generateName: 'gen-' })),
  apply('no kind', `${CONFIG}${by('one')}`, { apiVersion: 'v1', metadata: { name: 'c' } }),
  apply('no version', `${CONFIG}${by('one')}`, { kind: 'ConfigMap', metadata: { name: 'c' } }),
  apply('other kind', `${CONFIG}${by('one')}`, { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'c' } }),
  apply('no manager', CONFIG, config({})),
  apply('long manager', `${CONFIG}${by('x'.repeat(129))}`, config({})),
  apply('bad manager', `${CONFIG}?fieldManager=a%07b`, config({})),
  apply('force is no bool', `${CONFIG}${by('one', '&force=maybe')}`, config({})),
  apply('null value', `${CONFIG}${by('one')}`, config({ a: null })),
  apply('null map', `${CONFIG}${by('one')}`, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'c' },
    data: null,
  }),
  merge('force on a merge patch', `${CONFIG}?force=true`, { data: { z: '1' } }),
  merge('managed fields cleared', CONFIG, { metadata: { managedFields: [{}] } }),
  get('without owners', CONFIG),
  apply('after that', `${CONFIG}${by('one')}`, config({ a: '1' })),
  json('managed fields of nonsense', CONFIG, [
    { op: 'replace', path: '/metadata/managedFields', value: [{ manager: 'x', operation: 'Never', apiVersion: 'v1' }] },
  ]),
  setup(
    post('svc', `${SERVICES}?fieldManager=kubectl`, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 's' },
      spec: {
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
        selector: { app: 'x' },
      },
    }),
  ),
  apply('ports by number and protocol', `${SERVICES}/s${by('one')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: {
      ports: [
        { name: 'a', port: 80, protocol: 'TCP', targetPort: 8080 },
        { name: 'c', port: 82, protocol: 'TCP' },
      ],
    },
  }),
  apply('ports forced', `${SERVICES}/s${by('one', '&force=true')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: {
      ports: [
        { name: 'a', port: 80, protocol: 'TCP', targetPort: 8080 },
        { name: 'c', port: 82, protocol: 'TCP' },
      ],
    },
  }),
  apply('atomic selector', `${SERVICES}/s${by('two')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { selector: { app: 'y' } },
  }),
  apply('invalid object', `${SERVICES}/bad${by('one')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'bad' },
    spec: {},
  }),
  apply('unknown field strict', `${SERVICES}/s${by('one', '&fieldValidation=Strict')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { nope: 1 },
  }),
  apply('unknown field ignored', `${SERVICES}/s${by('one', '&fieldValidation=Ignore')}`, {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 's' },
    spec: { nope: 1 },
  }),
  remove('gone', `${DEPLOYMENTS}/web`),
  apply('version of one that is gone', `${DEPLOYMENTS}/web${by('one')}`, {
    ...deployment({}),
    metadata: { name: 'web', resourceVersion: '5' },
  }),
  apply('uid of one that is gone', `${DEPLOYMENTS}/web${by('one')}`, {
    ...deployment({}),
    metadata: { name: 'web', uid: '00000000-0000-0000-0000-000000000000' },
  }),
])
