/** Who a command runs as, by the files of an image; what these hold is somebody else's text. */
import { test } from "uvu"
import * as assert from "uvu/assert"
import { DiagnosticError } from "../../../src/base/diagnostic.ts"
import { lookupUser } from "../../../src/kinds/container/identity.ts"
import { fakeKernel } from "../../support/fake-kernel/fake-kernel.ts"

const PASSWD = `root:x:0:0:root:/srv/root:/bin/sh
broken
nan:x:many:0::/:
none:x:4294967295:0::/:
app:x:1000:1001:An app:/home/app:/bin/sh
homeless:x:1002:1002:::
`
const GROUP = "root:x:0:\nwww:x:33:app,other\nvideo:x:44:other\nlate:x:x:app\nmail:x:8:app\n"
const kernel = fakeKernel({ files: { "/img/etc/passwd": PASSWD, "/img/etc/group": GROUP, "/bare/etc/hosts": "" } })

function ids(user: string, group_add: string[] = [], image = "dir:/img") {
  return lookupUser(kernel, { image, user, group_add })
}

function problems(user: string, group_add: string[] = [], image?: string): string[] {
  try {
    ids(user, group_add, image)
    return []
  } catch (failure) {
    assert.instance(failure, DiagnosticError)
    return (failure as DiagnosticError).diagnostics.map(({ code, summary }) => `${code}: ${summary}`)
  }
}

test("root needs no file, and reads none", () => {
  const before = kernel.counts.reads
  assert.equal(ids(""), { uid: 0, gid: 0, groups: [] })
  assert.equal(ids("0", ["44", "44", "7"], "dir:/nosuch"), { uid: 0, gid: 0, groups: [44, 7] })
  assert.is(kernel.counts.reads, before)
  assert.equal(ids("root"), { uid: 0, gid: 0, groups: [], home: "/srv/root" })
})

test("a name, or a number that passwd knows, has its group, its groups and its home", () => {
  const app = { uid: 1000, gid: 1001, groups: [33, 8], home: "/home/app" }
  assert.equal(ids("app"), app)
  assert.equal(ids("1000"), app)
  assert.equal(ids("homeless"), { uid: 1002, gid: 1002, groups: [] })
  assert.equal(ids("77"), { uid: 77, gid: 0, groups: [] })
})

test("a group that is named takes the place of all of passwd's and group's", () => {
  assert.equal(ids("app:video"), { uid: 1000, gid: 44, groups: [], home: "/home/app" })
  assert.equal(ids("77:88"), { uid: 77, gid: 88, groups: [] })
})

test("group_add comes on top, by number or name, each group once", () => {
  assert.equal(ids("app", ["video", "33", "9"]).groups, [33, 8, 44, 9])
  assert.equal(ids("app:video", ["www"]).groups, [33])
  assert.equal(ids("", ["mail"]), { uid: 0, gid: 0, groups: [8] })
})

test("names that the image does not have are told, all groups at once; a line that is none of its file's is no name", () => {
  assert.equal(problems("nobody"), ['unknown-user: the image has no user "nobody"'])
  assert.equal(problems("app:nogroup"), ['unknown-user: the image has no group "nogroup"'])
  assert.equal(problems("app", ["x", "www", "y"]), [
    'unknown-group: the image has no group "x"',
    'unknown-group: the image has no group "y"',
  ])
  for (const name of ["broken", "nan", "none"]) assert.equal(problems(name).length, 1, name)
  assert.equal(problems("", ["late"]).length, 1)
  assert.equal(problems("app", [], "dir:/bare"), ['unknown-user: the image has no user "app"'])
})

test.run()
