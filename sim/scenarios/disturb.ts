import type { World } from '../world.ts'

/** Restarts controllers and scheduler, and sets clocks, up to `most` times within `spanMs` each. */
export async function disturb(world: World, most: number, spanMs: number): Promise<undefined> {
  const { random, controllers, scheduler, time, trace } = world
  for (let i = random.between(0, most); i > 0; i--) {
    await world.wait(random.next() * spanMs)
    if (random.chance(0.25)) {
      const jumpMs = random.between(-20_000, 20_000)
      trace.add('world', 'clock jumps', `${jumpMs} ms`)
      time.jump(jumpMs)
      continue
    }
    const part = random.pick([controllers, scheduler])
    part.kill()
    await world.wait(random.next() * 5_000)
    part.start()
  }
}
