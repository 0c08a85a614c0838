import type { Fields, OddRequest, Target } from './odd-request.ts'

/** Objects that are created and replaced wrongly. */
export function oddWrites({ collection, path, object, name }: Target): readonly OddRequest[] {
  const dry = `${collection}?dryRun=All`
  const metadata = object['metadata'] as Fields
  const meta = (more: Fields) => ({ ...object, metadata: { ...metadata, ...more } })
  const post = (title: string, body: unknown, where = dry, contentType?: string): OddRequest => ({
    name: `post ${title}`,
    request: { method: 'POST', path: where, body, ...(contentType !== undefined && { contentType }) },
  })
  const put = (title: string, body: unknown, where = `${path}?dryRun=All`): OddRequest => ({
    name: `put ${title}`,
    request: { method: 'PUT', path: where, body },
  })
  const own = meta({ resourceVersion: '{{rv}}' })
  return [
    post('again', object),
    post('to the object', object, path),
    post('without a name', meta({ name: undefined })),
    post('generated', meta({ name: undefined, generateName: 'gen-' })),
    post('generated wrongly', meta({ name: undefined, generateName: 'Gen_gen-' })),
    post('of a version', meta({ resourceVersion: '1' })),
    post('of a uid', meta({ name: 'other', uid: 'x' })),
    post('of another kind', { ...object, kind: 'Nope' }),
    post('of another version', { ...object, apiVersion: 'v9' }),
    post('of another group', { ...object, apiVersion: 'nope.example.com/v1' }),
    post('of no kind', { ...meta({ name: 'other' }), kind: undefined }),
    post('of no version', { ...meta({ name: 'other' }), apiVersion: undefined }),
    post('of an apiVersion with too many parts', { ...object, apiVersion: 'a/b/c' }),
    post('of another namespace', meta({ namespace: 'elsewhere' })),
    post('of a wrong metadata', { ...object, metadata: 'x' }),
    post('of a wrong name', meta({ name: 7 })),
    post('of wrong labels', meta({ labels: { a: 1 } })),
    post('of wrong annotations', meta({ annotations: ['a'] })),
    post('of a wrong time', meta({ name: 'other', creationTimestamp: 'yesterday' })),
    post('of a null', meta({ name: 'other', labels: null, annotations: { a: null } })),
    post('of a wrong spec', { ...object, spec: 'x', data: 'x', rules: 'x' }),
    post('an array', [object]),
    post('a string', 'x'),
    post('a number', 7),
    post('nothing', {}),
    post('of an unknown field', { ...meta({ name: 'other' }), nope: 1 }, `${dry}&fieldValidation=Strict`),
    post(
      'of an unknown field, warned',
      { ...meta({ name: 'other', nope: 1 }), nope: 1 },
      `${dry}&fieldValidation=Warn`,
    ),
    post('of an unknown field, ignored', { ...meta({ name: 'other' }), nope: 1 }, `${dry}&fieldValidation=Ignore`),
    post('validated wrongly', object, `${dry}&fieldValidation=strict`),
    post('with a wrong dry run', object, `${collection}?dryRun=some`),
    post('with an empty dry run', object, `${collection}?dryRun=`),
    post('with a long manager', object, `${dry}&fieldManager=${'x'.repeat(129)}`),
    post('with an odd manager', object, `${dry}&fieldManager=a%00`),
    post('as text', 'x', dry, 'text/plain'),
    post('as a patch', {}, dry, 'application/merge-patch+json'),
    post('as nothing', {}, dry, 'application/'),
    put('without a version', object),
    put('of another version', meta({ resourceVersion: '1' })),
    put('of a version that is none', meta({ resourceVersion: 'x' })),
    put('of its own version', own),
    put('of another name', meta({ name: 'other', resourceVersion: '{{rv}}' })),
    put('of no name', meta({ name: undefined, resourceVersion: '{{rv}}' })),
    put('of another uid', meta({ uid: '00000000-0000-0000-0000-000000000000', resourceVersion: '{{rv}}' })),
    put('of another namespace', meta({ namespace: 'elsewhere' })),
    put('of another kind', { ...object, kind: 'Nope' }),
    put('of nothing', {}),
    put('of a missing one', meta({ name: 'missing' }), `${collection}/missing?dryRun=All`),
    put(
      'of a missing one with a version',
      meta({ name: 'missing', resourceVersion: '1' }),
      `${collection}/missing?dryRun=All`,
    ),
    put('of a missing one with a uid', meta({ name: 'missing', uid: 'x' }), `${collection}/missing?dryRun=All`),
    put('to the collection', object, collection),
    put('of a status', meta({ resourceVersion: '{{rv}}' }), `${path}/status?dryRun=All`),
    put('of a status without a version', object, `${path}/status?dryRun=All`),
    put('of a missing status', meta({ name: 'missing' }), `${collection}/missing/status?dryRun=All`),
    put('of another status', meta({ name: 'other' }), `${path}/status?dryRun=All`),
    put('of an unknown part', own, `${path}/nope`),
    put(
      'of a wrong scale',
      { kind: 'Scale', apiVersion: 'autoscaling/v1', metadata: { name } },
      `${path}/scale?dryRun=All`,
    ),
    put('of a negative scale', scaleOf(name, -1), `${path}/scale?dryRun=All`),
    put('of a scale of text', scaleOf(name, 'x'), `${path}/scale?dryRun=All`),
    put('of another scale', scaleOf('other', 1), `${path}/scale?dryRun=All`),
    put(
      'of a scale of another version',
      { ...scaleOf(name, 1), apiVersion: 'autoscaling/v2' },
      `${path}/scale?dryRun=All`,
    ),
  ]
}

const scaleOf = (name: string, replicas: unknown) => ({
  apiVersion: 'autoscaling/v1',
  kind: 'Scale',
  metadata: { name },
  spec: { replicas },
})

/** Deletions with options that are wrong. */
export function oddRemovals({ collection, path, name, namespaced }: Target): readonly OddRequest[] {
  const remove = (title: string, body: unknown, query = '', where = path): OddRequest => ({
    name: `delete ${title}`,
    request: { method: 'DELETE', path: `${where}?dryRun=All${query}`, ...(body !== undefined && { body }) },
  })
  const options = (more: Fields) => ({ apiVersion: 'v1', kind: 'DeleteOptions', dryRun: ['All'], ...more })
  const several = namespaced ? '' : `&fieldSelector=metadata.name=${name}`
  return [
    remove('it', undefined),
    remove('it with options', options({})),
    remove('with a wrong policy', options({ propagationPolicy: 'Nope' })),
    remove('with a wrong policy in the query', undefined, '&propagationPolicy=Nope'),
    remove('in the foreground', options({ propagationPolicy: 'Foreground' })),
    remove('orphaning', options({ propagationPolicy: 'Orphan' })),
    remove('orphaning the old way', options({ orphanDependents: true })),
    remove('orphaning both ways', options({ orphanDependents: true, propagationPolicy: 'Orphan' })),
    remove('with a wrong orphaning', undefined, '&orphanDependents=x'),
    remove('with a negative grace', options({ gracePeriodSeconds: -1 })),
    remove('with a very negative grace', options({ gracePeriodSeconds: -5 })),
    remove('with a grace of text', options({ gracePeriodSeconds: 'x' })),
    remove('with a grace of text in the query', undefined, '&gracePeriodSeconds=x'),
    remove('with a grace', undefined, '&gracePeriodSeconds=3'),
    remove('of another uid', options({ preconditions: { uid: 'x' } })),
    remove('of another version', options({ preconditions: { resourceVersion: '1' } })),
    remove('of a version that is none', options({ preconditions: { resourceVersion: 'x' } })),
    remove('of its own version', options({ preconditions: { resourceVersion: '{{rv}}', uid: '{{uid}}' } })),
    remove('of preconditions of text', options({ preconditions: 'x' })),
    remove('with an unknown field', options({ nope: 1 })),
    remove('with options of another kind', options({ kind: 'Nope' })),
    remove('with options of another version', options({ apiVersion: 'v9' })),
    remove('with options of its own group', options({ apiVersion: 'apps/v1' })),
    remove('with a wrong dry run', options({ dryRun: ['some'] })),
    remove('with a dry run twice', options({ dryRun: ['All', 'All'] })),
    remove('with a body of text', 'x'),
    remove('with a body of a list', []),
    remove('despite errors', options({ ignoreStoreReadErrorWithClusterBreakingPotential: true })),
    remove('of a missing one', undefined, '', `${collection}/missing`),
    remove('of a part', undefined, '', `${path}/status`),
    remove('of all', undefined, several, collection),
    remove('of all by label', undefined, `&labelSelector=none%3Dx`, collection),
    remove('of all by a wrong label', undefined, '&labelSelector=a%3Db%3Dc', collection),
    remove('of all by an unknown field', undefined, '&fieldSelector=spec.nope%3Dx', collection),
    remove('of all with a wrong policy', options({ propagationPolicy: 'Nope' }), several, collection),
    remove('of all with a wrong limit', undefined, `${several}&limit=x`, collection),
    remove('of all with a wrong version', undefined, `${several}&resourceVersion=x`, collection),
    remove('of all with a precondition', options({ preconditions: { uid: 'x' } }), several, collection),
  ]
}
