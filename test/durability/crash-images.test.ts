import { expect, test } from 'vitest'
import { tryImages } from './crash-images.ts'
import { canTrace } from './recorded-calls.ts'

const IMAGES = 25

test.skipIf(!canTrace())(
  `whatever a power cut leaves of the files, what was acknowledged is there and nothing else: ${IMAGES} images`,
  async () => {
    expect(await tryImages(7, IMAGES)).toEqual([])
  },
)
