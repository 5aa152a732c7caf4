// The filter builder: rows of field, condition and value, joined by and or or, with one level of groups inside. What it
// makes is the JSON of apps.leads.filters; the server checks it.
(() => {
  'use strict';

  const form = document.getElementById('filter-form');
  if (!form) return;
  const dialog = document.getElementById('filter-dialog');
  const body = document.getElementById('filter-body');
  const fields = JSON.parse(form.dataset.fields);
  const ops = JSON.parse(form.dataset.ops);
  const words = form.dataset;
  const byName = new Map(fields.map((field) => [field.name, field]));
  const WITHOUT_VALUE = new Set(['known', 'unknown', 'is_me']);
  const OF_MANY = new Set(['in', 'not_in', 'has_any', 'has_all', 'has_none']);
  const OF_DAYS = new Set(['within_days', 'older_than_days']);

  const make = (tag, properties = {}, ...children) => {
    const { dataset = {}, ...rest } = properties;
    const node = Object.assign(document.createElement(tag), rest);
    Object.assign(node.dataset, dataset);
    node.append(...children);
    return node;
  };
  const button = (word, icon, act, className = 'button plain small') => {
    const node = make('button', { type: 'button', className });
    node.append(window.sofia.icon(icon), ...(className.includes('square') ? [] : [word]));
    if (className.includes('square')) node.setAttribute('aria-label', word);
    node.addEventListener('click', act);
    return node;
  };
  function select(options, chosen, label) {
    const node = make('select', { className: 'input' });
    node.setAttribute('aria-label', label);
    for (const [value, text] of options) node.append(make('option', { value, textContent: text, selected: String(value) === String(chosen) }));
    return node;
  }
  function input(kind, value) {
    const node = make('input', { className: 'input', type: kind, value: value ?? '', autocomplete: 'off' });
    if (kind === 'number') node.step = 'any';
    node.setAttribute('aria-label', words.wordValue);
    return node;
  }

  // ---- one value, by what the field holds and what is asked
  function drawValue(part, field, op, value) {
    part.replaceChildren();
    if (WITHOUT_VALUE.has(op)) return;
    const first = Array.isArray(value) ? value[0] : value;
    if (OF_DAYS.has(op)) {
      part.append(Object.assign(input('number', first), { min: 0, step: 1 }), words.wordDays);
    } else if (op === 'between') {
      const kind = field.kind === 'date' ? 'date' : 'number';
      part.append(input(kind, day(first, field)), words.wordTo, input(kind, day(Array.isArray(value) ? value[1] : '', field)));
    } else if (field.choices.length && OF_MANY.has(op)) {
      const chosen = new Set([].concat(value ?? []).map(String));
      const options = make('div', { className: 'options' });
      for (const [option, label] of field.choices) {
        options.append(make('label', {}, make('input', { type: 'checkbox', value: option, checked: chosen.has(String(option)) }), label));
      }
      part.append(options);
    } else if (field.choices.length) {
      part.append(select(field.choices, first, words.wordValue));
    } else if (field.kind === 'boolean') {
      part.append(select([['true', words.wordYes], ['false', words.wordNo]], first ?? 'true', words.wordValue));
    } else if (OF_MANY.has(op)) {
      const text = input('text', [].concat(value ?? []).join(', '));
      text.placeholder = words.wordCommas;
      if (field.kind === 'tags') text.setAttribute('list', 'known-tags');
      part.append(text);
    } else {
      const kind = { number: 'number', date: 'date' }[field.kind] || 'text';
      part.append(input(kind, day(first, field)));
    }
  }
  const day = (value, field) => (field.kind === 'date' && value ? String(value).slice(0, 10) : value);

  function readValue(row, field, op) {
    if (WITHOUT_VALUE.has(op)) return undefined;
    const part = row.querySelector('.value-part');
    const boxes = [...part.querySelectorAll('.options input')];
    if (boxes.length) return boxes.filter((box) => box.checked).map((box) => (field.kind === 'agent' ? Number(box.value) : box.value));
    const typed = [...part.querySelectorAll('.input')].map((node) => node.value.trim());
    const one = (text) => (OF_DAYS.has(op) || field.kind === 'number' || field.kind === 'agent' ? Number(text) : field.kind === 'boolean' ? text === 'true' : text);
    if (typed.some((text) => !text)) return null;
    if (op === 'between') return typed.map(one);
    if (OF_MANY.has(op)) return typed[0].split(',').map((text) => text.trim()).filter(Boolean).map(one);
    return one(typed[0]);
  }

  // ---- rows and groups
  const usualOp = (field) => (field.kind === 'choice' && field.ops.includes('in') ? 'in' : field.ops[0]);
  function drawRow(condition = {}) {
    const field = byName.get(condition.field) || fields[0];
    const row = make('div', { className: 'filter-row' });
    const names = select(fields.map((each) => [each.name, each.label]), field.name, words.wordField);
    const asked = make('select', { className: 'input' });
    asked.setAttribute('aria-label', words.wordOp);
    const part = make('div', { className: 'value-part' });
    const drawOps = (given) => {
      const present = byName.get(names.value);
      const chosen = given || usualOp(present);
      asked.replaceChildren(...present.ops.map((op) => make('option', { value: op, textContent: ops[op], selected: op === chosen })));
    };
    names.addEventListener('change', () => {
      drawOps();
      drawValue(part, byName.get(names.value), asked.value);
    });
    // What was typed is kept; a choice that stood there by itself is not taken for chosen.
    asked.addEventListener('change', () => {
      const present = byName.get(names.value);
      const isKept = !present.choices.length && present.kind !== 'boolean';
      drawValue(part, present, asked.value, isKept ? readValue(row, present, asked.value) : undefined);
    });
    drawOps(condition.op || usualOp(field));
    drawValue(part, field, asked.value, condition.value);
    row.append(names, asked, part, button(words.wordRemove, 'x', () => row.remove(), 'button plain square small'));
    return row;
  }

  function drawGroup(group, depth) {
    const joint = 'any' in group ? 'any' : 'all';
    const node = make('fieldset', { className: 'filter-group', dataset: { depth } });
    const joints = select([['all', words.wordAll], ['any', words.wordAny]], joint, words.wordOp);
    joints.classList.add('joint');
    const head = make('div', { className: 'group-head' }, joints);
    if (depth > 1) head.append(button(words.wordRemove, 'x', () => node.remove(), 'button plain square small'));
    const members = make('div', { className: 'filter-members' });
    for (const member of group[joint] || []) members.append('all' in member || 'any' in member ? drawGroup(member, depth + 1) : drawRow(member));
    const add = () => {
      const row = drawRow();
      members.append(row);
      row.querySelector('select').focus();
    };
    const foot = make('div', { className: 'group-foot' }, button(words.wordAdd, 'plus', add));
    if (depth < 2) foot.append(button(words.wordGroup, 'list-filter', () => members.append(drawGroup({ all: [{}] }, depth + 1))));
    node.append(head, members, foot);
    return node;
  }

  function readGroup(node) {
    const members = [...node.querySelector('.filter-members').children].map((member) => (member.matches('.filter-group') ? readGroup(member) : readRow(member)));
    if (members.includes(null)) return null;
    const kept = members.filter((member) => member !== undefined);
    return kept.length ? { [node.querySelector('.joint').value]: kept } : undefined;
  }
  function readRow(row) {
    const [names, asked] = row.querySelectorAll(':scope > select');
    const field = byName.get(names.value);
    const value = readValue(row, field, asked.value);
    const isMissing = value === null || (Array.isArray(value) && !value.length);
    const bad = row.querySelector('.value-part .input, .value-part input');
    row.querySelector('.error')?.remove();
    bad?.removeAttribute('aria-invalid');
    if (isMissing) {
      bad?.setAttribute('aria-invalid', 'true');
      row.querySelector('.value-part').append(make('p', { className: 'error', textContent: words.wordMissing, role: 'alert' }));
      bad?.focus();
      return null;
    }
    return value === undefined ? { field: field.name, op: asked.value } : { field: field.name, op: asked.value, value };
  }

  function draw(filter) {
    const group = 'all' in filter || 'any' in filter ? filter : { all: [{}] };
    body.replaceChildren(drawGroup(group, 1));
  }
  function choose(filter) {
    dialog.close();
    document.dispatchEvent(new CustomEvent('filter-chosen', { detail: { filter } }));
  }

  document.addEventListener('click', (event) => {
    if (!event.target.closest?.('[data-dialog="filter-dialog"]')) return;
    draw(JSON.parse(document.getElementById('filter-value').value || '{}'));
    body.querySelector('.filter-row select')?.focus();
  });
  document.getElementById('filter-clear').addEventListener('click', () => choose(''));
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    event.stopPropagation();
    const filter = readGroup(body.firstElementChild);
    if (filter !== null) choose(filter ? JSON.stringify(filter) : '');
  });
})();
