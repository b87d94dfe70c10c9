/** linux/netfilter/nfnetlink.h, linux/netfilter/nf_tables.h, linux/netfilter.h */

export const NFNL_SUBSYS_NFTABLES = 10
export const NFNL_MSG_BATCH_BEGIN = 0x10
export const NFNL_MSG_BATCH_END = 0x11

export const NFT_MSG_NEWTABLE = 0
export const NFT_MSG_GETTABLE = 1
export const NFT_MSG_DELTABLE = 2
export const NFT_MSG_NEWCHAIN = 3
export const NFT_MSG_GETCHAIN = 4
export const NFT_MSG_DELCHAIN = 5
export const NFT_MSG_NEWRULE = 6
export const NFT_MSG_GETRULE = 7

export const NFPROTO_UNSPEC = 0
export const NFPROTO_IPV4 = 2
export const NFPROTO_IPV6 = 10

export const NF_DROP = 0
export const NF_ACCEPT = 1

export const NFTA_TABLE_NAME = 1
export const NFTA_TABLE_FLAGS = 2
export const NFT_TABLE_F_DORMANT = 1

export const NFTA_CHAIN_TABLE = 1
export const NFTA_CHAIN_NAME = 3
export const NFTA_CHAIN_HOOK = 4
export const NFTA_CHAIN_POLICY = 5
export const NFTA_CHAIN_TYPE = 7
export const NFTA_CHAIN_USERDATA = 12
export const NFTA_HOOK_HOOKNUM = 1
export const NFTA_HOOK_PRIORITY = 2

export const NFTA_RULE_TABLE = 1
export const NFTA_RULE_CHAIN = 2
export const NFTA_RULE_EXPRESSIONS = 4

export const NFTA_LIST_ELEM = 1
export const NFTA_EXPR_NAME = 1
export const NFTA_EXPR_DATA = 2
export const NFTA_DATA_VALUE = 1

export const NFT_REG_VERDICT = 0
export const NFT_REG_1 = 1
export const NFT_REG_2 = 2
export const NFTA_PAYLOAD_DREG = 1
export const NFTA_PAYLOAD_BASE = 2
export const NFTA_PAYLOAD_OFFSET = 3
export const NFTA_PAYLOAD_LEN = 4
export const NFT_PAYLOAD_NETWORK_HEADER = 1
export const NFT_PAYLOAD_TRANSPORT_HEADER = 2

export const NFTA_BITWISE_SREG = 1
export const NFTA_BITWISE_DREG = 2
export const NFTA_BITWISE_LEN = 3
export const NFTA_BITWISE_MASK = 4
export const NFTA_BITWISE_XOR = 5
export const NFTA_BITWISE_OP = 6

export const NFTA_CMP_SREG = 1
export const NFTA_CMP_OP = 2
export const NFTA_CMP_DATA = 3
export const NFT_CMP_EQ = 0
export const NFT_CMP_NEQ = 1
export const NFT_CMP_LTE = 3
export const NFT_CMP_GTE = 5

export const NFTA_META_DREG = 1
export const NFTA_META_KEY = 2
export const NFT_META_IIFNAME = 6
export const NFT_META_OIFNAME = 7
export const NFT_META_L4PROTO = 16

export const NFTA_CT_DREG = 1
export const NFTA_CT_KEY = 2
export const NFT_CT_STATUS = 2

export const NFTA_FIB_DREG = 1
export const NFTA_FIB_RESULT = 2
export const NFTA_FIB_FLAGS = 3
export const NFT_FIB_RESULT_ADDRTYPE = 3
export const NFTA_FIB_F_SADDR = 1
export const NFTA_FIB_F_DADDR = 2

export const NFTA_IMMEDIATE_DREG = 1
export const NFTA_IMMEDIATE_DATA = 2
export const NFTA_DATA_VERDICT = 2
export const NFTA_VERDICT_CODE = 1
export const NFTA_VERDICT_CHAIN = 2
export const NFT_JUMP = -3

export const NFTA_NAT_TYPE = 1
export const NFTA_NAT_FAMILY = 2
export const NFTA_NAT_REG_ADDR_MIN = 3
export const NFTA_NAT_REG_ADDR_MAX = 4
export const NFTA_NAT_REG_PROTO_MIN = 5
export const NFTA_NAT_REG_PROTO_MAX = 6
export const NFTA_NAT_FLAGS = 7
export const NFT_NAT_DNAT = 1
/** NF_NAT_RANGE_MAP_IPS, NF_NAT_RANGE_PROTO_SPECIFIED: linux/netfilter/nf_nat.h */
export const NF_NAT_RANGE_MAP_IPS = 1
export const NF_NAT_RANGE_PROTO_SPECIFIED = 2

/** The comment in user data, as nft writes and shows it: type, length, text with its NUL. libnftnl's udata.h */
export const NFTNL_UDATA_COMMENT = 0
