import type { Pod } from '../../api/generated/core-v1.ts'
import { isAvailable, isStaying, isUpdated } from './scene.ts'
import type { Place, Scene } from './scene.ts'

/** Nodes that get a pod of the new template beside the old one, and old pods that go. */
export interface Rollout {
  readonly create: readonly string[]
  readonly remove: readonly Pod[]
}

interface Pair {
  readonly place: Place
  readonly newPod: Pod | undefined
  readonly oldPod: Pod | undefined
}

/** The next step of a rolling update: old pods go first, or new ones come first where a surge is allowed. */
export function rollOut(scene: Scene): Rollout {
  const pairs = scene.places
    .filter(({ pods, eligibility }) => pods.length > 0 && eligibility !== 'leave')
    .map((place): Pair => {
      const staying = place.pods.filter(isStaying)
      const newPod = staying.find((pod) => isUpdated(scene, pod))
      return { place, newPod, oldPod: staying.find((pod) => !isUpdated(scene, pod)) }
    })
  return scene.surge === 0 ? replace(scene, pairs) : surge(scene, pairs)
}

/** Old pods that do not work go at once; of the others, as many as may be missing. */
function replace(scene: Scene, pairs: readonly Pair[]): Rollout {
  const working = ({ newPod, oldPod }: Pair) => {
    if ((newPod === undefined) === (oldPod === undefined)) return false
    return isAvailable(scene, (newPod ?? oldPod)!)
  }
  const missing = pairs.filter((pair) => !working(pair)).length
  const old = pairs.filter(({ newPod, oldPod }) => newPod === undefined && oldPod !== undefined)
  const broken = old.filter((pair) => !working(pair))
  const candidates = old.filter(working).slice(0, Math.max(0, scene.unavailable - missing))
  return { create: [], remove: [...broken, ...candidates].map(({ oldPod }) => oldPod!) }
}

/** Nodes whose old pod does not work get a new one at once; of the others, as many as the surge allows. */
function surge(scene: Scene, pairs: readonly Pair[]): Rollout {
  const both = pairs.filter(({ newPod, oldPod }) => newPod !== undefined && oldPod !== undefined)
  const remove = both.filter(({ newPod }) => isAvailable(scene, newPod!)).map(({ oldPod }) => oldPod!)
  const surging = both.length - remove.length
  const isOld = ({ place, newPod, oldPod }: Pair) =>
    newPod === undefined && oldPod !== undefined && place.eligibility === 'run'
  const old = pairs.filter(isOld)
  const broken = old.filter(({ oldPod }) => !isAvailable(scene, oldPod!))
  const working = old.filter(({ oldPod }) => isAvailable(scene, oldPod!))
  const chosen = [...broken, ...working.slice(0, Math.max(0, scene.surge - surging))]
  return { create: chosen.map(({ place }) => place.nodeName), remove }
}
