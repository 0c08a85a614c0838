import { groupResourceOf } from '../../src/api/resource-type.ts'
import type { Informer } from '../../src/informer/informer.ts'
import { keyStringOf } from '../../src/informer/indexer.ts'
import { check } from './checker.ts'
import type { Checker } from './checker.ts'

/** In the end every cache holds what the store holds, at the same versions: whatever its watches went through. */
export function cachesAgree(informers: () => readonly Informer[]): Checker {
  return {
    name: 'caches agree',
    end(snapshot) {
      for (const informer of informers()) {
        const resource = groupResourceOf(informer.type)
        const versions = new Map(
          informer.list().map((object) => [keyStringOf(object), object.metadata.resourceVersion]),
        )
        for (const { key, object } of snapshot.list(resource)) {
          const { resourceVersion } = object.metadata
          const cached = versions.get(key)
          const told = () => `the cache has ${resource} ${key} at ${cached}, the store at ${resourceVersion}`
          check(cached === resourceVersion, () => `${told()}; it is ${informer.state}`)
          versions.delete(key)
        }
        const [extra] = versions.keys()
        check(extra === undefined, () => `the cache has ${resource} ${extra}, which is gone; it is ${informer.state}`)
      }
    },
  }
}
