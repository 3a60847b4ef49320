import assert from 'node:assert/strict'
import { test } from 'node:test'
import { findAccount, resolveAccount } from '../../src/config/resolve/account.ts'
import { resolveEnvironment } from '../../src/config/resolve/environment.ts'

const files = {
  passwd: [
    'root:x:0:0:root:/root:/bin/bash',
    '# comment',
    '',
    'www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin',
    'short:x:1000:1000',
  ].join('\n'),
  group: ['root:x:0:', 'www-data:x:33:', 'staff:x:50:ada,eve'].join('\n'),
}

function find(user: string | number | undefined, group?: string | number) {
  return findAccount({ app: 'web', user, group }, files)
}

test('a user brings its group unless another is named', () => {
  for (const [user, group, ids] of [
    ['www-data', undefined, [33, 33]],
    ['www-data', 'staff', [33, 50]],
    ['www-data', 7, [33, 7]],
    ['33', undefined, [33, 33]],
    [33, undefined, [33, 33]],
    [4242, 'staff', [4242, 50]],
    [undefined, 'staff', [0, 50]],
    ['short', undefined, [1000, 1000]],
  ] as const) {
    const account = find(user, group)
    assert.deepEqual([account.user.uid, account.gid], ids)
  }
})

test('an unknown user or group is told with the nearest', () => {
  for (const [user, group, message] of [
    [
      'www-dta',
      undefined,
      'Cannot run app "web" as user "www-dta": there is no user "www-dta", did you mean "www-data"?',
    ],
    ['nobody\n', undefined, 'Cannot run app "web" as user "nobody\\n": there is no user "nobody\\n"'],
    ['#', undefined, 'Cannot run app "web" as user "#": there is no user "#"'],
    [
      'root',
      'stuff',
      'Cannot run app "web" as user "root": there is no group "stuff", did you mean "staff"?',
    ],
    [undefined, 'x', 'Cannot run app "web" as group "x": there is no group "x"'],
    [4242, undefined, 'Cannot run app "web" as user 4242: user 4242 is not in /etc/passwd and has no group'],
  ] as const) {
    assert.throws(() => find(user, group), { code: 'USER_UNKNOWN', message })
  }
})

test('without a user and group an app runs as whoever runs the daemon', () => {
  assert.equal(resolveAccount({ app: 'web', user: undefined, group: undefined }), null)
})

test('only root may name another user', () => {
  assert.throws(() => resolveAccount({ app: 'web', user: 'root', group: undefined }, false), {
    code: 'USER_UNKNOWN',
    message: 'Cannot run app "web" as user "root": only root can run an app as somebody else',
    hint: 'Remove user and group',
  })
})

test("an app that runs as another user has that user's home, unless it says otherwise", async () => {
  const env = await resolveEnvironment({
    processEnv: { PATH: '/bin', HOME: '/root', USER: 'root' },
    inheritEnv: true,
    envFiles: [],
    env: { SHELL: '/bin/sh' },
    account: find('www-data'),
    cwd: '/srv',
    home: undefined,
  })

  assert.deepEqual(env, {
    PATH: '/bin',
    PWD: '/srv',
    NODE_ENV: 'production',
    HOME: '/var/www',
    USER: 'www-data',
    LOGNAME: 'www-data',
    SHELL: '/bin/sh',
  })
})
