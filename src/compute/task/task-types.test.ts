import { expectTypeOf, test } from 'vitest'
import type { Actor } from '../actor/actor.ts'
import type { ActorApi } from '../actor/actors.ts'
import type { MapApi } from '../map/map-api.ts'
import type { ObjectApi } from '../objects/objects.ts'
import type { ObjectRef } from '../wire/object-ref.ts'
import type { Future, Settled } from './future.ts'
import type { TaskApi } from './task-api.ts'
import { task } from './task.ts'

declare const shoal: TaskApi & ActorApi & MapApi & ObjectApi

/** Checked by the compiler; nothing of it runs. */
function typed() {
  const add = task((left: number, right: number) => left + right)
  const later = task(async (text: string) => text.length)
  expectTypeOf(shoal.submit(add, 1, 2)).toEqualTypeOf<Future<number>>()
  expectTypeOf(shoal.submit(later, 'a')).toEqualTypeOf<Future<number>>()
  expectTypeOf(shoal.submit(add, shoal.submit(later, 'a'), 2)).toEqualTypeOf<Future<number>>()
  expectTypeOf(shoal.submit(async (n: number) => [n], 1)).toEqualTypeOf<Future<number[]>>()
  expectTypeOf(shoal.submit(() => 'a')).toEqualTypeOf<Future<string>>()
  // @ts-expect-error an argument is missing
  shoal.submit(add, 1)
  // @ts-expect-error an argument is of another type
  shoal.submit(add, 1, 'two')
  const text = shoal.submit(() => 'two')
  // @ts-expect-error a future of another type
  shoal.submit(add, 1, text)
  expectTypeOf(shoal.settled([shoal.submit(add, 1, 2)])).resolves.toEqualTypeOf<Settled<number>[]>()
  task((path: string) => path, { key: (path) => path.length + path })
  // @ts-expect-error the key is made of the arguments
  task((path: string) => path, { key: (path: number) => String(path) })

  class Counter {
    count = 0
    readonly step: number
    constructor(step: number) {
      this.step = step
    }
    add(by: number): number {
      return (this.count += by * this.step)
    }
    async load(): Promise<string> {
      return 'a'
    }
    async *items(): AsyncGenerator<Date> {
      yield new Date(0)
    }
    saveState(): number {
      return this.count
    }
  }
  const counter = shoal.actor(Counter, { args: [1] })
  expectTypeOf(counter).toEqualTypeOf<Actor<Counter>>()
  expectTypeOf(counter.add(1)).toEqualTypeOf<Future<number>>()
  expectTypeOf(counter.add(shoal.submit(add, 1, 2))).toEqualTypeOf<Future<number>>()
  expectTypeOf(counter.load()).toEqualTypeOf<Future<string>>()
  expectTypeOf(counter.items()).toEqualTypeOf<AsyncIterableIterator<Date>>()
  // @ts-expect-error fields stay with the actor
  void counter.count
  // @ts-expect-error not for callers
  void counter.saveState
  // @ts-expect-error the constructor wants an argument
  shoal.actor(Counter)
  expectTypeOf(shoal.findActor<Counter>('a')).toEqualTypeOf<Actor<Counter> | undefined>()

  expectTypeOf(shoal.map([1], add.with({ retries: 1 }) as never)).resolves.toBeArray()
  expectTypeOf(shoal.map(['a'], later)).resolves.toEqualTypeOf<number[]>()
  expectTypeOf(shoal.reduce([1, 2], (left, right) => left + right)).resolves.toEqualTypeOf<number>()
  expectTypeOf(shoal.put(new Map<string, number>())).toEqualTypeOf<ObjectRef<Map<string, number>>>()
}

test('tasks, futures, actors and objects are typed', () => {
  expectTypeOf(typed).toBeFunction()
})
