// The conditions of a rule: rows of field, question and value, joined by all or any, in groups at most three deep. What
// it makes is the JSON of apps.leads.filters; the server checks it.
(() => {
  'use strict';

  const form = document.getElementById('rule-form');
  if (!form) return;
  const place = document.getElementById('conditions');
  const fields = JSON.parse(form.dataset.fields);
  const ops = JSON.parse(form.dataset.ops);
  const words = form.dataset;
  const byName = new Map(fields.map((field) => [field.name, field]));
  const DEEPEST = 3;
  const WITHOUT_VALUE = new Set(['known', 'unknown']);
  const OF_MANY = new Set(['in', 'not_in', 'has_any', 'has_all', 'has_none']);
  const OF_DAYS = new Set(['within_days', 'older_than_days']);
  // Fields that Sofía fills and nobody defined: any question may be asked of them.
  const UNDEFINED_OPS = ['known', 'unknown', 'is', 'is_not', 'contains', 'starts_with', 'gt', 'gte', 'lt', 'lte', 'within_days', 'older_than_days'];

  const make = (tag, properties = {}, ...children) => {
    const node = Object.assign(document.createElement(tag), properties);
    node.append(...children);
    return node;
  };
  const button = (word, icon, act, isSquare = false) => {
    const node = make('button', { type: 'button', className: `button plain small${isSquare ? ' square' : ''}` }, window.sofia.icon(icon));
    if (isSquare) node.setAttribute('aria-label', word);
    else node.append(word);
    node.addEventListener('click', act);
    return node;
  };
  const choose = (options, chosen, label) => {
    const node = make('select', { className: 'input' });
    node.setAttribute('aria-label', label);
    for (const [value, text] of options) node.append(make('option', { value, textContent: text, selected: String(value) === String(chosen) }));
    return node;
  };
  const write = (type, value) => {
    const node = make('input', { className: 'input', type, value: value ?? '', autocomplete: 'off' });
    if (type === 'number') node.step = 'any';
    node.setAttribute('aria-label', words.wordValue);
    return node;
  };
  function fieldNamed(name) {
    if (!name) return fields[0];
    if (!byName.has(name)) {
      const label = name.replace('attributes.', '').replaceAll('_', ' ');
      byName.set(name, { name, label, kind: 'text', ops: UNDEFINED_OPS, choices: [] });
    }
    return byName.get(name);
  }

  // ---- a value, by what the field holds and what is asked
  function drawValue(part, field, op, value) {
    const first = Array.isArray(value) ? value[0] : value;
    part.replaceChildren();
    if (WITHOUT_VALUE.has(op)) return;
    if (OF_DAYS.has(op)) part.append(Object.assign(write('number', first), { min: 0, step: 1 }), words.wordDays);
    else if (op === 'between') {
      const type = field.kind === 'date' ? 'date' : 'number';
      part.append(write(type, first), words.wordTo, write(type, Array.isArray(value) ? value[1] : ''));
    } else if (field.choices.length && OF_MANY.has(op)) {
      const chosen = new Set([].concat(value ?? []).map(String));
      for (const [option, label] of field.choices) {
        part.append(make('label', { className: 'check' }, make('input', { type: 'checkbox', value: option, checked: chosen.has(String(option)) }), label));
      }
    } else if (field.choices.length) part.append(choose(field.choices, first, words.wordValue));
    else if (field.kind === 'boolean') part.append(choose([['true', words.wordYes], ['false', words.wordNo]], first ?? 'true', words.wordValue));
    else if (OF_MANY.has(op)) part.append(Object.assign(write('text', [].concat(value ?? []).join(', ')), { placeholder: words.wordCommas }));
    else part.append(write({ number: 'number', date: 'date' }[field.kind] || 'text', first));
  }
  function readValue(part, field, op) {
    const boxes = [...part.querySelectorAll('[type=checkbox]')];
    const one = (text) => {
      if (OF_DAYS.has(op) || field.kind === 'number' || field.kind === 'agent') return Number(text);
      return field.kind === 'boolean' ? text === 'true' : text;
    };
    if (boxes.length) return boxes.filter((box) => box.checked).map((box) => one(box.value));
    const typed = [...part.querySelectorAll('.input')].map((node) => node.value.trim());
    if (typed.some((text) => !text)) return '';
    if (op === 'between') return typed.map(one);
    if (OF_MANY.has(op)) return typed[0].split(',').map((text) => text.trim()).filter(Boolean).map(one);
    return one(typed[0]);
  }

  // ---- rows and groups; each node reads itself
  function drawRow(condition) {
    const field = fieldNamed(condition.field);
    const names = choose([...new Map([...fields, field].map((each) => [each.name, each.label]))], field.name, words.wordField);
    const asked = choose([], '', words.wordOp);
    const part = make('div', { className: 'value-part' });
    const row = make('div', { className: 'condition' }, names, asked, part, button(words.wordRemove, 'x', () => row.remove(), true));
    const present = () => fieldNamed(names.value);
    const offer = (chosen) => asked.replaceChildren(...present().ops.map((op) => make('option', { value: op, textContent: ops[op], selected: op === chosen })));
    names.addEventListener('change', () => { offer(); drawValue(part, present(), asked.value); });
    asked.addEventListener('change', () => drawValue(part, present(), asked.value, readValue(part, present(), asked.value)));
    offer(condition.op || field.ops[0]);
    drawValue(part, field, asked.value, condition.value);
    row.read = () => {
      const op = asked.value;
      const found = { field: names.value, op };
      return WITHOUT_VALUE.has(op) ? found : { ...found, value: readValue(part, present(), op) };
    };
    return row;
  }
  function drawGroup(group, depth) {
    const joint = choose([['all', words.wordAll], ['any', words.wordAny]], 'any' in group ? 'any' : 'all', words.wordOp);
    const members = make('div', { className: 'members' });
    const head = make('div', { className: 'group-head' }, joint);
    const foot = make('div', { className: 'row gap-s' }, button(words.wordAdd, 'plus', () => members.append(drawRow({}))));
    if (depth < DEEPEST) foot.append(button(words.wordGroup, 'plus', () => members.append(drawGroup({ all: [{}] }, depth + 1))));
    const node = make('div', { className: 'group' }, head, members, foot);
    if (depth > 1) head.append(button(words.wordRemove, 'x', () => node.remove(), true));
    for (const member of group.all || group.any || [{}]) {
      members.append('all' in member || 'any' in member ? drawGroup(member, depth + 1) : drawRow(member));
    }
    node.read = () => ({ [joint.value]: [...members.children].map((member) => member.read()) });
    return node;
  }

  const stored = JSON.parse(place.dataset.value || '{}');
  const top = drawGroup('all' in stored || 'any' in stored ? stored : { all: [{}] }, 1);
  place.append(top);
  const keep = () => { document.getElementById('conditions-value').value = JSON.stringify(top.read()); };
  form.addEventListener('submit', keep);
  document.getElementById('test').addEventListener('click', async () => {
    keep();
    const answer = await window.sofia.request(form.dataset.test, { method: 'POST', body: new FormData(form) });
    document.getElementById('due').innerHTML = answer.isOk ? answer.html : '';
  });
})();
