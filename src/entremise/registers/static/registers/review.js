// Keys 1, 2, 3 answer, only while the focus is on the pair (WCAG 2.1.4). Without JavaScript, the buttons do it all.
// The key is known by its place: on a French keyboard the row of digits says & é " without shift.
for (const pair of document.querySelectorAll("[data-keys]")) {
  const form = pair.querySelector("form[data-answers]")
  if (!form) continue
  const reason = form.elements.reason
  pair.addEventListener("keydown", event => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.repeat) return
    if (event.target.closest("input, select, textarea")) return
    const digit = /^(?:Digit|Numpad)([123])$/.exec(event.code)?.[1] ?? event.key
    const button = [...form.querySelectorAll("button[data-key]")].find(one => one.dataset.key === digit)
    if (!button) return
    event.preventDefault()
    // An answer that needs a reason asks for it at once, instead of by a page of errors.
    if ("reason" in button.dataset && !reason.value) reason.focus()
    else form.requestSubmit(button)
  })
}
