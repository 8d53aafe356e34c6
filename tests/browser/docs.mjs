// Tests the API reference of the server at argv[2] with the token argv[3]: on a desktop in the color scheme argv[4]
// (light or dark), and on a phone in the other. Saves screenshots to the folder argv[5], if given.

import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { open } from './chromium.mjs'

const [server, token, scheme, screenshots] = process.argv.slice(2)

for (const [width, height, dark] of [[1280, 900, scheme === 'dark'], [390, 844, scheme !== 'dark']]) {
  const page = await open(`${server}/docs`, { width, height, dark })
  try {
    assert.ok(await page.evaluate('document.documentElement.scrollWidth <= innerWidth'), 'the page is wider than the window')
    assert.ok(await page.evaluate(`[...document.querySelectorAll('.table')]
      .every((table) => table.scrollWidth <= table.clientWidth)`), 'a table is wider than the window')
    const background = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    assert.equal(background === 'rgb(255, 255, 255)', !dark, background)
    await checkAnchors(page)
    await checkAccess(page)
    await checkExamples(page)
    await checkSearch(page)
    await checkSnippets(page)
    await checkForms(page)
    const external = page.requests.filter((url) => !url.startsWith(server + '/') && !url.startsWith('data:'))
    assert.deepEqual(external, [])
    assert.deepEqual(page.errors, [])
    if (screenshots) await save(page, `${width}-${dark ? 'dark' : 'light'}`)
  } finally {
    await page.close()
  }
}

async function save(page, name) {
  const places = { top: '#top', operation: '#createGroup', try: '#createGroup ~ .try', errors: '#errors' }
  for (const [place, selector] of Object.entries(places)) {
    await page.evaluate(`document.querySelector('${selector}').scrollIntoView({ behavior: 'instant' })`)
    writeFileSync(`${screenshots}/${name}-${place}.png`, await page.screenshot())
  }
}

async function checkAnchors(page) {
  const broken = await page.evaluate(`[...document.querySelectorAll('a[href^="#"]')]
    .map((link) => link.getAttribute('href')).filter((href) => !document.getElementById(href.slice(1)))`)
  assert.deepEqual(broken, [])
  const duplicates = await page.evaluate(`(() => {
    const ids = [...document.querySelectorAll('[id]')].map((part) => part.id)
    return ids.filter((id, n) => ids.indexOf(id) !== n)
  })()`)
  assert.deepEqual(duplicates, [])
  // The target of an error's documentation_url.
  const response = await fetch(`${server}/v1/nowhere`)
  const { documentation_url } = await response.json()
  const [path, anchor] = documentation_url.split('#')
  assert.equal(path, '/docs')
  assert.ok(await page.evaluate(`document.getElementById(${JSON.stringify(anchor)}) !== null`), anchor)
}

async function checkAccess(page) {
  const unlabelled = await page.evaluate(`[...document.querySelectorAll('main input, main textarea, header input')]
    .filter((field) => !field.labels[0]?.textContent.replace(field.textContent, '').trim()).map((field) => field.outerHTML)`)
  assert.deepEqual(unlabelled, [])
  const unlinked = await page.evaluate(`[...document.querySelectorAll('[role=tab]')].filter((tab) => {
    const panel = document.getElementById(tab.getAttribute('aria-controls'))
    return panel?.getAttribute('role') !== 'tabpanel' || panel.getAttribute('aria-labelledby') !== tab.id
  }).map((tab) => tab.outerHTML)`)
  assert.deepEqual(unlinked, [])
  // The Tab key reaches one tab of each list; the arrow keys reach the others.
  const focusable = () => page.evaluate(`[...document.querySelectorAll('#createGroup ~ .snippets [role=tab]')]
    .filter((tab) => tab.tabIndex === 0 || tab.getAttribute('aria-selected') === 'true').map((tab) => tab.dataset.language)`)
  assert.deepEqual(await focusable(), ['curl'])
  for (const [key, language] of [['ArrowLeft', 'PHP'], ['ArrowRight', 'curl']]) {
    await page.evaluate(`document.querySelector('#createGroup ~ .snippets [aria-selected=true]')
      .dispatchEvent(new KeyboardEvent('keydown', { key: '${key}', bubbles: true }))`)
    assert.deepEqual(await focusable(), [language])
  }
  assert.deepEqual(await page.evaluate(`(${lowContrast})()`), [])
}

/** Runs in the page: the texts whose contrast with their background is below 4.5 (WCAG 2.2, 1.4.3). */
function lowContrast() {
  const channels = (color) => color.match(/[\d.]+/g).map(Number)
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((value) => (value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4))
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
  }
  const background = (part) => {
    const { backgroundColor } = getComputedStyle(part)
    return channels(backgroundColor)[3] === 0 ? background(part.parentElement) : backgroundColor
  }
  const texts = [...document.querySelectorAll('body *')].filter((part) =>
    part.offsetParent && [...part.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
  const contrast = (part) => {
    const [dark, light] = [luminance(getComputedStyle(part).color), luminance(background(part))].sort((a, b) => a - b)
    return (light + 0.05) / (dark + 0.05)
  }
  return texts.filter((part) => contrast(part) < 4.5).map((part) => `${part.tagName} ${part.textContent.slice(0, 40)}`)
}

async function checkExamples(page) {
  const example = await page.evaluate("document.querySelector('#getGroup ~ .example code').textContent")
  const group = JSON.parse(example)
  assert.deepEqual([group.id, group.contacts[0].username], ['l7cGNIBKZiNJ6wqF', 'Hector'])
}

async function checkSearch(page) {
  const type = (text) => page.evaluate(`(() => {
    const field = document.getElementById('search')
    field.value = ${JSON.stringify(text)}
    field.dispatchEvent(new Event('input'))
  })()`)
  const shown = () => page.evaluate(`[...document.querySelectorAll('article h3, tr[id]')]
    .filter((part) => part.offsetParent !== null).map((part) => part.id)`)
  const all = await shown()
  await type('reactions')
  const found = await shown()
  assert.ok(found.includes('updateMessage') && !found.includes('listGroups'), found.join())
  await type('precondition_failed read it again')
  assert.deepEqual(await shown(), ['errors-precondition_failed'])
  await type('nothing has these words')
  assert.ok(await page.evaluate("document.getElementById('nothing').offsetParent !== null"))
  // A link reveals its target even if the search has hidden it.
  await page.evaluate("document.querySelector('a[href=\"#deleteGroup\"]').click()")
  await page.until("document.getElementById('deleteGroup').offsetParent !== null")
  assert.deepEqual(await shown(), all)
}

async function checkSnippets(page) {
  const code = () => page.evaluate(`[...document.querySelectorAll('#createGroup ~ .snippets .block')]
    .filter((block) => block.offsetParent !== null).map((block) => block.textContent.trim())`)
  const [curl, ...others] = await code()
  assert.deepEqual(others, [])
  assert.match(curl, new RegExp(`^curl ${server}(/api)?/v1/groups `))
  for (const [language, begins] of [['JavaScript', 'import ApiClient'], ['Python', 'from protocol_api'], ['PHP', '$client = ']]) {
    await page.evaluate(`document.querySelector('[role=tab][data-language=${language}]').click()`)
    assert.ok((await code())[0].startsWith(begins), language)
  }
}

async function checkForms(page) {
  const send = async (id, values) => {
    await page.evaluate(`(() => {
      const form = document.querySelector('#${id} ~ .try form')
      form.closest('details').open = true
      for (const [name, value] of Object.entries(${JSON.stringify(values)})) form.elements[name].value = value
      form.querySelector('output').replaceChildren()
      form.requestSubmit()
    })()`)
    await page.until(`document.querySelector('#${id} ~ .try output').textContent !== ''`)
    return page.evaluate(`document.querySelector('#${id} ~ .try output').textContent`)
  }
  assert.match(await send('getGroup', {}), /^id is required/)
  await page.evaluate(`document.getElementById('token').value = ${JSON.stringify(token)}`)
  const listed = await send('listGroups', { limit: '1' })
  assert.match(listed, /^200 [^]*"has_more": true/)
  const created = await send('createGroup', { body: '{"name": "Tried <b>here</b>"}' })
  assert.match(created, /^201 [^]*"name": "Tried <b>here<\/b>"/)
  const id = /"id": "(\w+)"/.exec(created)[1]
  assert.match(await send('updateGroup', { id, body: '{"description": null}' }), /^200 /)
  assert.match(await send('deleteGroup', { id }), /^204 /)
  const stored = await page.evaluate('JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])')
  assert.equal(stored, '[{},{},""]')
}
