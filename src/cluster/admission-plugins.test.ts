import { expect, test } from 'vitest'
import { createCluster } from './cluster.ts'

test('an admission plugin that is not there is refused with the names of those that are', async () => {
  await expect(createCluster({ admissionPlugins: ['NodeRestrictions'] })).rejects.toMatchObject({
    code: 'CLUSTER_OPTION',
    message:
      'Cannot enable the admission plugin "NodeRestrictions": it is not an optional one, expected NodeRestriction',
  })
})
