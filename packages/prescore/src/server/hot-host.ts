/** What the connections of a server share that are read before node:http. */
import type { Server } from 'node:http'
import type { Socket } from 'node:net'
import type { Asked } from './hot-caller.ts'
import type { HotRequest, HotRoute } from './hot-route.ts'

export interface HotHost {
  /** While the server closes, the router answers all, and says that the connection ends. */
  readonly isOpen: boolean
  /** The time of the last sweep, of `performance.now()`. */
  readonly sweptMs: number
  readonly take: HotRoute['take']
  /** The connection goes on at the end of the turn. */
  arrived(connection: Connection): void
  /** The lines that end the head of a response. */
  headEnd(hangsUp: boolean): string
  /** Responds with what was thrown. */
  refuse(asked: Asked, hot: HotRequest, thrown: unknown): void
  readonly server: Server
  /** Gives a connection to node:http, for the rest of its life. */
  handOver(socket: Socket): void
  /** Refuses a request that did not come to its end, and closes the connection. */
  refuseBroken(socket: Socket, why: Broken): void
  /** Nothing is to be done for it any more. */
  left(connection: Connection): void
}

/** Why a request is not whole: by the codes of node:http and its parser. */
export type Broken = 'ERR_HTTP_REQUEST_TIMEOUT' | 'HPE_INVALID_EOF_STATE'

/** One of the connections. */
export interface Connection {
  /** Answers what has come, as far as it can be. */
  advance(): void
  /** Gives up on what has not come in time. */
  sweep(times: HotTimes): void
  /** Closes it where nothing is under way. */
  closeIdle(): void
  cut(): void
}

/** Times after which a connection is given up, in milliseconds. */
export type HotTimes = Pick<Server, 'headersTimeout' | 'requestTimeout' | 'keepAliveTimeout'>
