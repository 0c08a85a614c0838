import type { Cycle, ScorePlugin } from '../framework.ts'
import { MAX_SCORE } from '../framework.ts'

/** Kubernetes' figures: below 23 MiB an image is as good as absent, above 1 GiB for each container nothing is won. */
const LEAST_BYTES = 23 * 1024 * 1024
const MOST_BYTES_PER_CONTAINER = 1000 * 1024 * 1024

/** Prefers nodes that have the pod's images, by size, and by how many nodes have them so that not all pods gather on a few. */
export const imageLocality: ScorePlugin = {
  name: 'ImageLocality',
  score(cycle, slots, scores) {
    const { initContainers = [], containers = [] } = cycle.pod.spec ?? {}
    const all = [...initContainers, ...containers]
    const images = all.flatMap(({ image = '' }) => known(cycle, image))
    if (images.length === 0) return false
    const most = MOST_BYTES_PER_CONTAINER * all.length
    for (let i = 0; i < slots.length; i++) {
      const slot = slots[i] ?? 0
      let bytes = 0
      for (const { holders, worth } of images) if (holders.has(slot)) bytes += worth
      const counted = Math.min(most, Math.max(LEAST_BYTES, bytes))
      scores[i] = Math.floor((MAX_SCORE * (counted - LEAST_BYTES)) / (most - LEAST_BYTES))
    }
    return true
  },
}

function known({ table }: Cycle, image: string) {
  const found = table.image(withTag(image))
  if (found === undefined) return []
  return [{ holders: found.slots, worth: Math.floor((found.sizeBytes * found.slots.size) / table.count) }]
}

function withTag(image: string): string {
  return image.lastIndexOf(':') <= image.lastIndexOf('/') ? `${image}:latest` : image
}
