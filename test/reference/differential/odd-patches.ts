import type { Fields, OddRequest, Target } from './odd-request.ts'

/** Patches of all four types, malformed ones among them. */
export function oddPatches({ collection, path, object, name }: Target): readonly OddRequest[] {
  const { apiVersion, kind } = object
  const patch = (type: string, title: string, body: unknown, where = `${path}?dryRun=All`): OddRequest => ({
    name: `${type} ${title}`,
    request: { method: 'PATCH', path: where, body, contentType: `application/${type}` },
  })
  const merges = ['merge-patch+json', 'strategic-merge-patch+json'].flatMap((type) =>
    MERGES.map(([title, body]) => patch(type, title, body)),
  )
  const strategic = (title: string, metadata: unknown) => patch('strategic-merge-patch+json', title, { metadata })
  const apply = (title: string, body: unknown, query = 'fieldManager=me', where = path) =>
    patch('apply-patch+yaml', title, body, `${where}?dryRun=All&${query}`)
  const config = (metadata: Fields, more: Fields = {}) => ({
    apiVersion,
    kind,
    metadata: { name, ...metadata },
    ...more,
  })
  return [
    ...merges,
    ...OPERATIONS.map(([title, body]) => patch('json-patch+json', title, body)),
    ...DIRECTIVES.map(([title, metadata]) => strategic(title, metadata)),
    patch('merge-patch+json', 'of a missing one', {}, `${collection}/missing?dryRun=All`),
    patch('merge-patch+json', 'of the collection', {}, collection),
    patch('merge-patch+json', 'of a status', { status: 'x' }, `${path}/status?dryRun=All`),
    patch('merge-patch+json', 'of an empty status', { status: {} }, `${path}/status?dryRun=All`),
    patch('merge-patch+json', 'of no status', { status: null }, `${path}/status?dryRun=All`),
    patch('merge-patch+json', 'of a scale', { spec: { replicas: 3 } }, `${path}/scale?dryRun=All`),
    patch('strategic-merge-patch+json', 'of a scale', { spec: { replicas: 3 } }, `${path}/scale?dryRun=All`),
    patch('merge-patch+json', 'of a scale of text', { spec: { replicas: 'x' } }, `${path}/scale?dryRun=All`),
    patch('json-patch+json', 'of a scale', [{ op: 'remove', path: '/spec/replicas' }], `${path}/scale?dryRun=All`),
    patch('json', 'of no known type', {}),
    patch('merge-patch+json', 'forced', {}, `${path}?dryRun=All&force=true`),
    patch('merge-patch+json', 'with a wrong force', {}, `${path}?dryRun=All&force=x`),
    apply('labels', config({ labels: { a: 'b' } })),
    apply('null labels', config({ labels: null, annotations: { a: null } })),
    apply('a finalizer', config({ finalizers: ['example.com/a', 'example.com/a'] })),
    apply('owners twice', config({ ownerReferences: [OWNER, OWNER] })),
    apply('an owner without uid', config({ ownerReferences: [{ ...OWNER, uid: undefined }] })),
    apply('an unknown field', config({}, { nope: 1 })),
    apply('an unknown field, strictly', config({}, { nope: 1 }), 'fieldManager=me&fieldValidation=Strict'),
    apply('a wrong type', config({ labels: 'x' })),
    // One at a time: of several the real server looks, in any order, no further than the first that it does not know.
    ...['spec', 'data', 'rules'].map((part) => apply(`a wrong type of ${part}`, config({}, { [part]: 7 }))),
    apply('managed fields', config({ managedFields: [{ manager: 'x' }] })),
    apply('without a manager', config({}), ''),
    apply('with an empty manager', config({}), 'fieldManager='),
    apply('with a wrong force', config({}), 'fieldManager=me&force=x'),
    apply('another name', config({ name: 'other' })),
    apply('no name', config({ name: undefined })),
    apply('another namespace', config({ namespace: 'elsewhere' })),
    apply('another version of it', config({ resourceVersion: '1' })),
    apply('another uid', config({ uid: 'x' })),
    apply('another kind', { ...config({}), kind: 'Nope' }),
    apply('another apiVersion', { ...config({}), apiVersion: 'v9' }),
    apply('no kind', { ...config({}), kind: undefined }),
    apply('no apiVersion', { ...config({}), apiVersion: undefined }),
    apply('an array', []),
    apply('a string', 'x'),
    apply('null', null),
    apply('nothing', {}),
    apply(
      'a whole object of another name',
      { ...object, metadata: { name: 'missing' } },
      'fieldManager=me',
      `${collection}/missing`,
    ),
    apply('the whole object', object),
    apply('the whole object by force', object, 'fieldManager=me&force=true'),
    apply('a status', { ...config({}), status: {} }, 'fieldManager=me', `${path}/status`),
    apply('a wrong status', { ...config({}), status: 'x' }, 'fieldManager=me', `${path}/status`),
    apply(
      'a scale',
      { apiVersion: 'autoscaling/v1', kind: 'Scale', metadata: { name }, spec: { replicas: 4 } },
      'fieldManager=me',
      `${path}/scale`,
    ),
  ]
}

const OWNER = { apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'u' }

type Named = readonly (readonly [title: string, body: unknown])[]

const MERGES: Named = [
  ['nothing', {}],
  ['null', null],
  ['a string', 'x'],
  ['an array', []],
  ['labels', { metadata: { labels: { a: 'b' } } }],
  ['no labels', { metadata: { labels: null } }],
  ['a null label', { metadata: { labels: { a: null } } }],
  ['a wrong label', { metadata: { labels: { 'a b': 'c' } } }],
  ['a label of a number', { metadata: { labels: { a: 1 } } }],
  ['labels of a list', { metadata: { labels: ['a'] } }],
  ['no metadata', { metadata: null }],
  ['metadata of text', { metadata: 'x' }],
  ['no name', { metadata: { name: null } }],
  ['another name', { metadata: { name: 'other' } }],
  ['another namespace', { metadata: { namespace: 'other' } }],
  ['another version', { metadata: { resourceVersion: '1' } }],
  ['no version', { metadata: { resourceVersion: null } }],
  ['a version of a number', { metadata: { resourceVersion: 1 } }],
  ['its own version', { metadata: { resourceVersion: '{{rv}}' } }],
  ['another uid', { metadata: { uid: 'x' } }],
  ['another time', { metadata: { creationTimestamp: '2020-01-01T00:00:00Z' } }],
  ['a wrong time', { metadata: { creationTimestamp: 'x' } }],
  ['a time of deletion', { metadata: { deletionTimestamp: '2030-01-01T00:00:00Z' } }],
  ['another generation', { metadata: { generation: 99 } }],
  ['finalizers', { metadata: { finalizers: ['example.com/a'] } }],
  ['wrong finalizers', { metadata: { finalizers: ['a', ''] } }],
  ['the same finalizer twice', { metadata: { finalizers: ['example.com/a', 'example.com/a'] } }],
  ['owners', { metadata: { ownerReferences: [OWNER] } }],
  ['the same owner twice', { metadata: { ownerReferences: [OWNER, OWNER] } }],
  [
    'two controllers',
    {
      metadata: {
        ownerReferences: [
          { ...OWNER, controller: true },
          { ...OWNER, uid: 'v', controller: true },
        ],
      },
    },
  ],
  ['an event as owner', { metadata: { ownerReferences: [{ ...OWNER, kind: 'Event' }] } }],
  ['another kind', { kind: 'Nope' }],
  ['no kind', { kind: null }],
  ['another apiVersion', { apiVersion: 'v9' }],
  ['no apiVersion', { apiVersion: null }],
  ['an unknown field', { nope: { a: 1 } }],
  ['an unknown field of null', { nope: null }],
  ['no spec', { spec: null }],
  ['a spec of text', { spec: 'x' }],
  ['a status', { status: {} }],
  ['no managed fields', { metadata: { managedFields: null } }],
  ['empty managed fields', { metadata: { managedFields: [] } }],
  ['an empty managed field', { metadata: { managedFields: [{}] } }],
  [
    'wrong managed fields',
    { metadata: { managedFields: [{ manager: 'a', operation: 'Update', apiVersion: 'v1', fieldsType: 'X' }] } },
  ],
]

const OPERATIONS: Named = [
  ['nothing', []],
  ['an object', {}],
  ['null', null],
  ['a list of null', [null]],
  ['a list of text', ['x']],
  ['an empty operation', [{}]],
  ['no such operation', [{ op: 'nope', path: '/metadata/labels' }]],
  ['a test that fails', [{ op: 'test', path: '/metadata/name', value: 'nope' }]],
  ['a test that holds', [{ op: 'test', path: '/kind', value: 'Nope' }]],
  ['a test of nothing', [{ op: 'test', path: '/metadata/nope', value: null }]],
  ['a test without a value', [{ op: 'test', path: '/metadata/nope' }]],
  ['a removal of nothing', [{ op: 'remove', path: '/metadata/nope' }]],
  ['a replacement of nothing', [{ op: 'replace', path: '/metadata/nope', value: 1 }]],
  ['an addition below nothing', [{ op: 'add', path: '/nope/a/b', value: 1 }]],
  ['an addition without value', [{ op: 'add', path: '/metadata/labels' }]],
  ['a path without slash', [{ op: 'add', path: 'metadata', value: 1 }]],
  ['an empty path', [{ op: 'remove', path: '' }]],
  [
    'a wrong escape',
    [
      { op: 'add', path: '/metadata/labels', value: { 'a/b': '1' } },
      { op: 'remove', path: '/metadata/labels/a~2b' },
    ],
  ],
  [
    'labels',
    [
      { op: 'add', path: '/metadata/labels', value: { 'a/b': '1' } },
      { op: 'replace', path: '/metadata/labels/a~1b', value: '2' },
    ],
  ],
  ['a copy of nothing', [{ op: 'copy', from: '/metadata/nope', path: '/metadata/labels' }]],
  ['a copy without from', [{ op: 'copy', path: '/metadata/labels' }]],
  ['a move into itself', [{ op: 'move', from: '/metadata', path: '/metadata/labels' }]],
  ['a removed name', [{ op: 'remove', path: '/metadata/name' }]],
  ['a removed kind', [{ op: 'remove', path: '/kind' }]],
  ['another name', [{ op: 'replace', path: '/metadata/name', value: 'other' }]],
  ['a number for an op', [{ op: 7, path: '/a' }]],
  ['a number for a path', [{ op: 'add', path: 7, value: 1 }]],
  [
    'finalizers by index',
    [
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
      { op: 'add', path: '/metadata/finalizers/0', value: 'example.com/b' },
      { op: 'add', path: '/metadata/finalizers/-', value: 'example.com/c' },
    ],
  ],
  [
    'a negative index',
    [
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
      { op: 'remove', path: '/metadata/finalizers/-1' },
    ],
  ],
  [
    'an index beyond',
    [
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
      { op: 'replace', path: '/metadata/finalizers/4', value: 'x' },
    ],
  ],
  [
    'an index with a zero before',
    [
      { op: 'add', path: '/metadata/finalizers', value: ['example.com/a'] },
      { op: 'remove', path: '/metadata/finalizers/00' },
    ],
  ],
]

const DIRECTIVES: Named = [
  ['an unknown directive', { $patch: 'explode' }],
  ['a directive of a number', { labels: { $patch: 7 } }],
  ['a replaced map', { labels: { $patch: 'replace', a: 'b' } }],
  ['a deleted map', { labels: { $patch: 'delete' } }],
  ['a merged map', { labels: { $patch: 'merge', a: 'b' } }],
  ['retained keys', { $retainKeys: ['name', 'labels'], labels: { a: 'b' } }],
  ['retained keys that lack one', { $retainKeys: ['name'], labels: { a: 'b' } }],
  ['retained keys of text', { $retainKeys: 'name' }],
  ['a deleted finalizer', { '$deleteFromPrimitiveList/finalizers': ['example.com/none'] }],
  ['a deleted finalizer of text', { '$deleteFromPrimitiveList/finalizers': 'x' }],
  [
    'an order of finalizers',
    { '$setElementOrder/finalizers': ['b.com/b', 'a.com/a'], finalizers: ['a.com/a', 'b.com/b'] },
  ],
  ['an order that lacks one', { '$setElementOrder/finalizers': ['b.com/b'], finalizers: ['a.com/a', 'b.com/b'] }],
  ['an order of text', { '$setElementOrder/finalizers': 'x' }],
  [
    'an order of owners',
    {
      '$setElementOrder/ownerReferences': [{ uid: 'v' }, { uid: 'u' }],
      ownerReferences: [OWNER, { ...OWNER, uid: 'v' }],
    },
  ],
  ['an order of owners without uid', { '$setElementOrder/ownerReferences': [{ name: 'v' }], ownerReferences: [OWNER] }],
  ['an owner without uid', { ownerReferences: [{ name: 'x' }] }],
  ['owners of text', { ownerReferences: ['x'] }],
  ['owners of null', { ownerReferences: [null] }],
  ['a deleted owner', { ownerReferences: [{ $patch: 'delete', uid: 'none' }] }],
  ['replaced owners', { ownerReferences: [{ $patch: 'replace' }, OWNER] }],
  ['a wrong directive of a list', { ownerReferences: [{ $patch: 'explode', uid: 'u' }] }],
  ['an unknown directive of a key', { '$nope/finalizers': ['x'] }],
]
