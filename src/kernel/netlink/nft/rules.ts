import { errnoName } from "../../errno.ts"
import { KernelError } from "../../kernel.ts"
import type { PacketRules, RuleChange, RuleSet } from "../../packet-rules.ts"
import { readAnswer } from "../answer.ts"
import type { NetlinkCalls } from "../conn.ts"
import { NLM_F_DUMP_INTR } from "../constants/netlink.ts"
import { receive, unlessClosed, withSocket } from "../netfilter.ts"
import type { Message } from "../wire.ts"
import { eachMessage, WireWriter } from "../wire.ts"
import { encodeBatch, ruleTwin } from "./change.ts"
import { dumps, generationOf, isRule, readInto, readRule, tableDump } from "./read.ts"

/** Of one change at most: a rule is a few hundred bytes. */
const CHANGE_ROOM = 1024
/** The batch's begin and end. */
const ENDS_ROOM = 64
const MAX_REQUEST = 1024
/** For thousands of chains of others, and hundreds of rules of ours. */
const ROOM = 4 * 1024 * 1024
/** How often a reading is done again into which somebody else's change has come. */
const READINGS = 8
export function openRules(calls: NetlinkCalls): PacketRules {
  return {
    readRules: (table) => unlessClosed(() => withSocket(calls, (fd) => read(calls, fd, table)), null),
    readTable(family, table) {
      const op = `nft list table ${family} ${table}`
      const ofRules = (messages: readonly Message[]) => messages.filter(isRule).map(readRule)
      return withSocket(calls, (fd) => reread(calls, fd, op, [tableDump(family, table)], ofRules))
    },
    changeRules(changes) {
      if (changes.length > 0) withSocket(calls, (fd) => change(calls, fd, changes))
    },
  }
}

function read(calls: NetlinkCalls, fd: number, table: string): RuleSet {
  return reread(calls, fd, `nft list table ${table}`, dumps(table), (messages) => {
    const set: RuleSet = { tables: [], chains: [], inner: [], rules: [] }
    for (const message of messages) readInto(set, message)
    return set
  })
}

type Dumps = ReturnType<typeof dumps>

/** What dumps tell; it is of one moment only if they are all of one generation. */
function reread<T>(calls: NetlinkCalls, fd: number, op: string, encoders: Dumps, told: (messages: readonly Message[]) => T): T {
  let sequence = 1
  for (let i = 0; i < READINGS; i++) {
    const reading: Reading = { messages: [], generations: new Set(), interrupted: false }
    for (const encode of encoders) {
      const w = new WireWriter(MAX_REQUEST)
      // Each has a number of its own: what is left of an earlier one is not taken for its answer.
      encode(w, sequence++)
      take(op, receive(calls, fd, op, w.written(), ROOM), reading)
    }
    if (!reading.interrupted && reading.generations.size <= 1) return told(reading.messages)
  }
  throw new KernelError(op, "EINTR", "others change nf_tables all the while")
}

interface Reading {
  messages: Message[]
  generations: Set<number>
  interrupted: boolean
}

function take(op: string, bytes: Buffer, reading: Reading): void {
  eachMessage(bytes, (message) => {
    if ((message.flags & NLM_F_DUMP_INTR) !== 0) reading.interrupted = true
    const answer = readAnswer(message)
    if (answer === undefined) {
      reading.generations.add(generationOf(message))
      reading.messages.push(message)
      // That there is no such table is no mistake.
    } else if (answer.errno !== 0 && errnoName(answer.errno) !== "ENOENT") throw new KernelError(op, errnoName(answer.errno), answer.text)
  })
}

function change(calls: NetlinkCalls, fd: number, changes: readonly RuleChange[]): void {
  const w = new WireWriter(ENDS_ROOM + changes.length * CHANGE_ROOM)
  encodeBatch(w, 1, changes)
  const whole = changes.map(ruleTwin).join("; ")
  eachMessage(receive(calls, fd, whole, w.written(), ROOM), (message) => {
    const answer = readAnswer(message)
    if (answer === undefined || answer.errno === 0) return
    // The batch's own begin is number 1.
    const refused = changes[message.sequence - 2]
    throw new KernelError(refused === undefined ? whole : ruleTwin(refused), errnoName(answer.errno), answer.text)
  })
}
