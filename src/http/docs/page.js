// The reference's search, its tabs of languages, and the forms that send a request. The token is in its field alone.
'use strict'

const all = (selector, within = document) => [...within.querySelectorAll(selector)]
// Below whatever path the page is served at.
const root = location.origin + location.pathname.replace(/\/docs\/?$/, '')

function showServer() {
  for (const code of all('.snippets code')) code.textContent = code.textContent.replace('http://127.0.0.1:8080', root)
}

function choose(language) {
  for (const tab of all('[role=tab]')) {
    const chosen = tab.dataset.language === language
    tab.setAttribute('aria-selected', String(chosen))
    // The arrow keys lead on from the chosen one.
    tab.tabIndex = chosen ? 0 : -1
  }
  for (const block of all('.block')) block.hidden = block.dataset.language !== language
}

function listenToTabs() {
  for (const tab of all('[role=tab]')) {
    tab.addEventListener('click', () => {
      // What is looked at stays where it is, though snippets above it change their heights.
      const before = tab.getBoundingClientRect().top
      choose(tab.dataset.language)
      scrollBy({ top: tab.getBoundingClientRect().top - before, behavior: 'instant' })
    })
    tab.addEventListener('keydown', (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key]
      if (!step) return
      const tabs = all('[role=tab]', tab.parentElement)
      const next = tabs[(tabs.indexOf(tab) + step + tabs.length) % tabs.length]
      next.focus()
      next.click()
    })
  }
  for (const copy of all('.copy')) {
    copy.addEventListener('click', async () => {
      const shown = all('.block', copy.closest('.snippets')).find((block) => !block.hidden)
      try {
        await navigator.clipboard.writeText(shown.textContent.trim())
        copy.textContent = 'Copied'
      } catch {
        copy.textContent = 'Select it by hand'
      }
      setTimeout(() => { copy.textContent = 'Copy' }, 2000)
    })
  }
}

function search(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  let found = 0
  for (const part of all('[data-find]')) {
    const has = part.textContent.toLowerCase()
    part.hidden = !words.every((word) => has.includes(word))
    if (!part.hidden) found += 1
  }
  for (const section of all('main > section:not([data-find])')) {
    section.hidden = !all('[data-find]', section).some((part) => !part.hidden)
  }
  document.getElementById('nothing').hidden = found > 0
}

function listenToSearch() {
  const field = document.getElementById('search')
  field.addEventListener('input', () => search(field.value))
  addEventListener('keydown', (event) => {
    if (event.key === '/' && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
      event.preventDefault()
      field.focus()
    }
    if (event.key === 'Escape' && document.activeElement === field) {
      field.value = ''
      search('')
    }
  })
  // A link leads to what a search has hidden, too.
  addEventListener('hashchange', () => {
    const target = document.getElementById(location.hash.slice(1))
    if (target?.closest('[hidden]')) {
      field.value = ''
      search('')
      target.scrollIntoView()
    }
  })
}

function request(form) {
  let path = form.dataset.path
  const query = new URLSearchParams()
  for (const input of all('input', form)) {
    if (input.dataset.in === 'path') path = path.replace(':' + input.name, encodeURIComponent(input.value.trim()))
    else if (input.value) query.set(input.name, input.value)
  }
  const headers = { Authorization: 'Bearer ' + document.getElementById('token').value.trim() }
  const options = { method: form.dataset.method, headers, credentials: 'omit', cache: 'no-store' }
  const body = form.querySelector('textarea')
  if (body) {
    headers['Content-Type'] = 'application/json'
    options.body = body.value
  }
  const search = query.size ? '?' + query : ''
  return [root + document.body.dataset.base + path + search, options]
}

function show(output, text) {
  const block = document.createElement('pre')
  block.tabIndex = 0
  block.textContent = text
  output.replaceChildren(block)
}

async function send(form) {
  const output = form.querySelector('output')
  const missing = all('input[data-in=path]', form).find((input) => !input.value.trim())
  if (missing) {
    missing.focus()
    return show(output, `${missing.name} is needed.`)
  }
  try {
    const answer = await fetch(...request(form))
    const text = await answer.text()
    const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}\n`).join('')
    let body = text
    try { body = JSON.stringify(JSON.parse(text), null, 2) } catch { /* not JSON: as it came */ }
    show(output, `${answer.status} ${answer.statusText}\n${headers}\n${body}`)
  } catch (error) {
    show(output, `There was no answer: ${error.message}`)
  }
}

function listenToForms() {
  for (const form of all('form')) {
    form.addEventListener('submit', (event) => {
      event.preventDefault()
      if (form.dataset.path) send(form)
    })
  }
}

showServer()
choose('curl')
listenToTabs()
listenToSearch()
listenToForms()
if (matchMedia('(max-width: 52rem)').matches) document.getElementById('contents').open = false
