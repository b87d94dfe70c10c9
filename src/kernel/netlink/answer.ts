import { eachAttribute, readI32, readText, readU32 } from "./attr.ts"
import { NLM_F_ACK_TLVS, NLM_F_CAPPED, NLMSG_DONE, NLMSG_ERROR, NLMSGERR_ATTR_MSG } from "./constants/netlink.ts"
import type { Message } from "./wire.ts"
import { aligned, MESSAGE_HEADER, WireError } from "./wire.ts"

const ERROR_FIELD = 4

/** How a request ended: errno 0 is success. */
export interface Answer {
  errno: number
  /** The extended acknowledgement's text, or "". */
  text: string
}

/** The answer in an NLMSG_ERROR (which is an acknowledgement too) or an NLMSG_DONE; undefined for any other message. */
export function readAnswer(message: Message): Answer | undefined {
  if (message.type === NLMSG_ERROR) return { errno: errnoIn(message), text: textBehind(message, endOfRequest(message)) }
  if (message.type !== NLMSG_DONE) return undefined
  // A dump that a strict check refused says so here, not in an NLMSG_ERROR. Old kernels send a DONE without a payload.
  if (message.end - message.start < ERROR_FIELD) return { errno: 0, text: "" }
  return { errno: errnoIn(message), text: textBehind(message, message.start + ERROR_FIELD) }
}

function errnoIn(message: Message): number {
  const error = readI32(message.bytes, message.start, message.end)
  return error < 0 ? -error : 0
}

/** Behind the error stands the request's header, and without NLM_F_CAPPED all of the request. */
function endOfRequest(message: Message): number {
  const request = message.start + ERROR_FIELD
  if (message.end - request < MESSAGE_HEADER) throw new WireError("an acknowledgement without the header of its request")
  if ((message.flags & NLM_F_CAPPED) !== 0) return request + MESSAGE_HEADER
  return request + Math.max(MESSAGE_HEADER, aligned(readU32(message.bytes, request, message.end)))
}

function textBehind(message: Message, start: number): string {
  if ((message.flags & NLM_F_ACK_TLVS) === 0) return ""
  let text = ""
  eachAttribute(message.bytes, start, message.end, (type, from, to) => {
    if (type === NLMSGERR_ATTR_MSG) text = readText(message.bytes, from, to)
  })
  return text
}
