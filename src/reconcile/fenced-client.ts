import type { Client } from '../client/client.ts'
import type { Leadership } from './leader-election.ts'

/** A write that was not sent, because its writer may no longer lead. */
export class NotLeadingError extends Error {
  constructor(act: string) {
    super(`Cannot ${act}: the lease was not renewed in time, expected to lead`)
    this.name = 'NotLeadingError'
  }
}

/** A client that writes only while its owner leads; reads and watches go through. */
export function fencedClient(client: Client, leadership: Leadership): Client {
  const fenced =
    <A extends readonly unknown[], R>(act: string, write: (...args: A) => Promise<R>) =>
    (...args: A): Promise<R> =>
      leadership.holds() ? write(...args) : Promise.reject(new NotLeadingError(act))
  return {
    get: client.get.bind(client),
    list: client.list.bind(client),
    watch: client.watch.bind(client),
    logs: client.logs.bind(client),
    create: fenced('create', client.create.bind(client)) as Client['create'],
    createSubresource: fenced('create', client.createSubresource.bind(client)) as Client['createSubresource'],
    update: fenced('update', client.update.bind(client)) as Client['update'],
    patch: fenced('patch', client.patch.bind(client)) as Client['patch'],
    delete: fenced('delete', client.delete.bind(client)) as Client['delete'],
    deleteCollection: fenced('delete', client.deleteCollection.bind(client)) as Client['deleteCollection'],
  }
}
