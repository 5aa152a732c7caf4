// What a stage asks for is said again as boxes are ticked.
for (const asks of document.querySelectorAll('.asks')) {
  asks.addEventListener('change', () => {
    const chosen = [...asks.querySelectorAll(':checked')].map((box) => box.nextElementSibling.textContent);
    const said = asks.querySelector('.said');
    said.textContent = chosen.join(', ') || said.dataset.nothing;
  });
}
