/** Where a statement of SQL ends. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { oneStatement } from '../../src/project/index.ts'

test('a semicolon ends a statement, unless it stands in a text, a name or a comment', () => {
  const whole = (text: string) => assert.equal(oneStatement(text), text.trim(), text)
  whole("SELECT * FROM run WHERE key_shop LIKE '%; %'")
  whole("SELECT 'it''s; so' AS \"a;b\" FROM run")
  whole("SELECT e'it\\'s; so' FROM run")
  whole("SELECT $$it's; so$$, $x$a;$$b$x$ FROM run")
  whole('SELECT 1 -- one; two\nFROM run')
  whole('SELECT 1 /* one; two */ FROM run')
  assert.equal(oneStatement(' SELECT 1 FROM run ; \n'), 'SELECT 1 FROM run')
  assert.equal(oneStatement("SELECT ';' FROM run; -- that is all; really"), "SELECT ';' FROM run")
  assert.equal(oneStatement(';'), '')
  for (const several of ['SELECT 1; SELECT 2', "SELECT ';'; SELECT 2", '; SELECT 1', "SELECT 1; ';'", 'SELECT 1;;']) {
    assert.equal(oneStatement(several), undefined, several)
  }
})
