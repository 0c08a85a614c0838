import { at, CORE, get, json, merge, post, raw, scenario, setup, strategic } from './scenario.ts'

const DEPLOYMENTS = `${at('apps/v1')}/deployments`
const WEB = `${DEPLOYMENTS}/web`
const CONFIG = `${CORE}/configmaps/c`
const POD = `${CORE}/pods/p`

const inPod = (spec: object) => ({ spec: { template: { spec } } })

export const patchMore = scenario('patch-more', 'Patches: directives of strategic merge, operations, errors', [
  setup(
    post('d', DEPLOYMENTS, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', finalizers: ['example.com/a', 'example.com/b'] },
      spec: {
        selector: { matchLabels: { app: 'web' } },
        template: {
          metadata: { labels: { app: 'web' } },
          spec: {
            containers: [
              {
                name: 'one',
                image: 'a:1',
                env: [
                  { name: 'A', value: '1' },
                  { name: 'B', value: '2' },
                ],
                command: ['x', 'y'],
              },
              { name: 'two', image: 'b:1', ports: [{ containerPort: 80 }, { containerPort: 81 }] },
            ],
            volumes: [
              { name: 'v', emptyDir: {} },
              { name: 'w', emptyDir: {} },
            ],
            tolerations: [{ key: 'a', operator: 'Exists' }],
            imagePullSecrets: [{ name: 's1' }, { name: 's2' }],
          },
        },
      },
    }),
  ),
  strategic('replace a list', WEB, inPod({ containers: [{ $patch: 'replace' }, { name: 'only', image: 'c:1' }] })),
  strategic('replace a map', WEB, { metadata: { labels: { $patch: 'replace', x: '1' } } }),
  strategic('delete an item', WEB, inPod({ volumes: [{ $patch: 'delete', name: 'v' }] })),
  strategic('delete a missing item', WEB, inPod({ volumes: [{ $patch: 'delete', name: 'zzz' }] })),
  strategic('delete without key', WEB, inPod({ volumes: [{ $patch: 'delete' }] })),
  strategic('unknown directive', WEB, inPod({ volumes: [{ $patch: 'explode', name: 'w' }] })),
  strategic('unknown directive of a map', WEB, { metadata: { labels: { $patch: 'explode' } } }),
  strategic('delete a map', WEB, { metadata: { labels: { $patch: 'delete' } } }),
  strategic('delete from a primitive list', WEB, {
    metadata: { '$deleteFromPrimitiveList/finalizers': ['example.com/a'] },
  }),
  strategic('add to a primitive list', WEB, { metadata: { finalizers: ['example.com/c'] } }),
  strategic('set order', WEB, {
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'new' }, { name: 'only' }],
          containers: [{ name: 'new', image: 'n:1' }],
        },
      },
    },
  }),
  strategic('order without the item', WEB, {
    spec: {
      template: {
        spec: {
          '$setElementOrder/containers': [{ name: 'only' }],
          containers: [{ name: 'other', image: 'n:1' }],
        },
      },
    },
  }),
  strategic('retain keys', WEB, { spec: { strategy: { $retainKeys: ['type'], type: 'Recreate' } } }),
  strategic('retain keys that are not there', WEB, {
    spec: { strategy: { $retainKeys: ['type'], type: 'Recreate', rollingUpdate: { maxSurge: 1 } } },
  }),
  strategic('item without key', WEB, inPod({ containers: [{ image: 'z' }] })),
  strategic('list becomes scalar', WEB, inPod({ containers: 'x' })),
  strategic('null takes a field away', WEB, inPod({ imagePullSecrets: null, tolerations: null })),
  strategic('null in a list', WEB, inPod({ containers: [null] })),
  strategic('atomic list', WEB, inPod({ containers: [{ name: 'only', command: ['z'] }] })),
  strategic(
    'volume changes its source',
    WEB,
    inPod({ volumes: [{ name: 'w', emptyDir: null, hostPath: { path: '/x' } }] }),
  ),
  strategic('unknown field', WEB, { spec: { nope: 1 } }),
  strategic('unknown field strict', `${WEB}?fieldValidation=Strict`, { spec: { nope: 1 } }),
  strategic('empty', WEB, {}),
  strategic('array', WEB, []),
  strategic('of another name', WEB, { metadata: { name: 'other' } }),
  strategic('of another namespace', WEB, { metadata: { namespace: 'other' } }),
  strategic('of another uid', WEB, { metadata: { uid: '00000000-0000-0000-0000-000000000000' } }),
  strategic('of another version', WEB, { metadata: { resourceVersion: '1' } }),
  strategic('of another kind', WEB, { kind: 'Pod' }),
  strategic('of another apiVersion', WEB, { apiVersion: 'v1' }),
  strategic('immutable selector', WEB, { spec: { selector: { matchLabels: { app: 'other' } } } }),
  get('after all', WEB),
  setup(
    post('c', `${CORE}/configmaps`, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'c', labels: { 'b/c': '2' } },
      data: { a: '1' },
    }),
  ),
  json('add', CONFIG, [{ op: 'add', path: '/data/x', value: '1' }]),
  json('add to nowhere', CONFIG, [{ op: 'add', path: '/nope/x', value: '1' }]),
  json('escaped', CONFIG, [{ op: 'replace', path: '/metadata/labels/b~1c', value: '3' }]),
  json('move', CONFIG, [{ op: 'move', from: '/data/x', path: '/data/y' }]),
  json('copy', CONFIG, [{ op: 'copy', from: '/data/y', path: '/data/z' }]),
  json('test holds', CONFIG, [
    { op: 'test', path: '/data/y', value: '1' },
    { op: 'remove', path: '/data/y' },
  ]),
  json('remove what is not there', CONFIG, [{ op: 'remove', path: '/data/nope' }]),
  json('replace what is not there', CONFIG, [{ op: 'replace', path: '/data/nope', value: 'x' }]),
  json('unknown operation', CONFIG, [{ op: 'explode', path: '/data/a' }]),
  json('no operation', CONFIG, [{ path: '/data/a', value: 'x' }]),
  json('no path', CONFIG, [{ op: 'add', value: 'x' }]),
  json('no value', CONFIG, [{ op: 'add', path: '/data/q' }]),
  json('object', CONFIG, { op: 'add', path: '/data/q', value: 'x' }),
  json('empty list', CONFIG, []),
  json('whole document', CONFIG, [{ op: 'replace', path: '', value: { data: {} } }]),
  json('append to a list', WEB, [{ op: 'add', path: '/metadata/finalizers/-', value: 'example.com/d' }]),
  json('index out of range', WEB, [{ op: 'add', path: '/metadata/finalizers/9', value: 'example.com/e' }]),
  json('index is no number', WEB, [{ op: 'remove', path: '/metadata/finalizers/x' }]),
  json('test fails', WEB, [{ op: 'test', path: '/spec/replicas', value: 99 }]),
  json('test of what is not there', WEB, [{ op: 'test', path: '/spec/nope', value: 99 }]),
  raw('no json', 'PATCH', CONFIG, '{"a"', { 'content-type': 'application/merge-patch+json' }),
  raw('no json in a json patch', 'PATCH', CONFIG, '[{]', { 'content-type': 'application/json-patch+json' }),
  raw('no json in a strategic patch', 'PATCH', CONFIG, 'nope', {
    'content-type': 'application/strategic-merge-patch+json',
  }),
  raw('no yaml', 'PATCH', `${CONFIG}?fieldManager=x`, 'a: [', { 'content-type': 'application/apply-patch+yaml' }),
  raw('yaml', 'PATCH', `${CONFIG}?fieldManager=x`, 'apiVersion: v1\nkind: ConfigMap\ndata:\n  yaml: "1"\n', {
    'content-type': 'application/apply-patch+yaml',
  }),
  raw('plain json type', 'PATCH', CONFIG, '{}', { 'content-type': 'application/json' }),
  raw('no type', 'PATCH', CONFIG, '{}', { 'content-type': '' }),
  raw('empty merge patch', 'PATCH', CONFIG, '', { 'content-type': 'application/merge-patch+json' }),
  merge('list', CONFIG, []),
  merge('number', CONFIG, 7),
  merge('null data', CONFIG, { data: null }),
  merge('labels', CONFIG, { metadata: { labels: { 'bad label!': 'x' } } }),
  merge('finalizer without slash', CONFIG, { metadata: { finalizers: ['plain'] } }),
  merge('owner', CONFIG, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'u' }] } }),
  merge('owner without uid', CONFIG, { metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x' }] } }),
  merge('deletion timestamp', CONFIG, { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }),
  merge('creation timestamp', CONFIG, { metadata: { creationTimestamp: '2030-01-01T00:00:00Z' } }),
  merge('generation', WEB, { metadata: { generation: 77 } }),
  merge('self link', CONFIG, { metadata: { selfLink: '/x' } }),
  merge('dry run', `${CONFIG}?dryRun=All`, { data: { dry: '1' } }),
  merge('duplicate dry run', `${CONFIG}?dryRun=All&dryRun=All`, { data: { dry: '1' } }),
  merge('bad dry run', `${CONFIG}?dryRun=Some`, { data: { dry: '1' } }),
  merge('bad field validation', `${CONFIG}?fieldValidation=Maybe`, { data: { dry: '1' } }),
  merge('missing object', `${CORE}/configmaps/missing`, { data: { dry: '1' } }),
  setup(
    post('p', `${CORE}/pods`, {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'p' },
      spec: { containers: [{ name: 'a', image: 'a:1' }] },
    }),
  ),
  strategic('image', POD, { spec: { containers: [{ name: 'a', image: 'a:2' }] } }),
  strategic('command', POD, { spec: { containers: [{ name: 'a', command: ['x'] }] } }),
  strategic('another container', POD, { spec: { containers: [{ name: 'b', image: 'b:1' }] } }),
  merge('active deadline', POD, { spec: { activeDeadlineSeconds: 10 } }),
  merge('longer deadline', POD, { spec: { activeDeadlineSeconds: 20 } }),
  merge('no deadline', POD, { spec: { activeDeadlineSeconds: null } }),
  merge('node name', POD, { spec: { nodeName: 'n' } }),
  merge('toleration', POD, { spec: { tolerations: [] } }),
  merge('resources', POD, { spec: { containers: [{ name: 'a', image: 'a:2', resources: { limits: { cpu: '1' } } }] } }),
  merge('status by the main path', POD, { status: { phase: 'Running' } }),
  merge('status', `${POD}/status`, { status: { phase: 'Running', podIP: '10.0.0.1' } }),
  strategic('status conditions', `${POD}/status`, { status: { conditions: [{ type: 'Ready', status: 'True' }] } }),
  strategic('status conditions again', `${POD}/status`, {
    status: {
      conditions: [
        { type: 'Ready', status: 'False' },
        { type: 'X', status: 'Unknown' },
      ],
    },
  }),
])
