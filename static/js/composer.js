// Where an agent writes: Enter sends, drafts are kept per conversation, and a message has an id of ours before it
// leaves, so that sending it twice over a bad line stores it once.
document.addEventListener('alpine:init', () => {
  'use strict';

  const newId = () => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

  window.Alpine.data('composer', () => ({
    mode: 'reply',
    isEmpty: true,
    isSending: false,
    clientId: '',
    saidAt: 0,

    init() {
      const draft = this.readDraft();
      this.$refs.text.value = draft.text || '';
      this.mode = this.isWindowClosed() ? 'note' : draft.mode || 'reply';
      this.refresh();
    },
    isWindowClosed() {
      return this.$el.closest('form').dataset.closed === 'yes';
    },
    form() {
      return this.$refs.text.form;
    },
    draftKey() {
      return `draft:${this.form().dataset.conversation}`;
    },
    readDraft() {
      try {
        return JSON.parse(localStorage.getItem(this.draftKey()) || '{}');
      } catch {
        return {}; // storage refused or foreign: no draft
      }
    },
    keepDraft() {
      const text = this.$refs.text.value;
      try {
        if (text) localStorage.setItem(this.draftKey(), JSON.stringify({ text, mode: this.mode }));
        else localStorage.removeItem(this.draftKey());
      } catch {
        // storage refused: the draft lives as long as the page
      }
    },
    refresh() {
      const text = this.$refs.text;
      this.isEmpty = !text.value.trim();
      text.placeholder = this.mode === 'note' ? this.form().dataset.note : this.form().dataset.reply;
      text.style.height = 'auto';
      if (!CSS.supports('field-sizing', 'content')) text.style.height = `${text.scrollHeight}px`;
    },
    setMode(mode) {
      if (mode === 'reply' && this.isWindowClosed()) return;
      this.mode = mode;
      this.clientId = '';
      this.keepDraft();
      this.refresh();
      this.$refs.text.focus();
    },
    sayTyping() {
      if (this.mode !== 'reply' || Date.now() - this.saidAt < 3000) return;
      this.saidAt = Date.now();
      window.sofia.tell({ type: 'typing', conversation_id: Number(this.form().dataset.conversation) });
    },
    async send() {
      const text = this.$refs.text;
      if (this.isSending || !text.value.trim()) return;
      this.isSending = true;
      this.clientId = this.clientId || newId();
      const body = new FormData(this.form());
      body.set('mode', this.mode);
      body.set('client_id', this.clientId);
      try {
        const answer = await window.sofia.request(this.form().action, { method: 'POST', body });
        if (answer.isOk) {
          text.value = '';
          this.clientId = '';
          this.keepDraft();
          document.dispatchEvent(new CustomEvent('lines', { detail: { html: answer.html, isOwn: true } }));
        } else if (!answer.hasWords) {
          window.sofia.showToast(document.documentElement.dataset.wordFailed, 'error');
        }
      } catch {
        window.sofia.showToast(document.documentElement.dataset.wordOffline, 'error');
      }
      this.isSending = false;
      this.refresh();
    },

    box: {
      ['@submit.prevent']() { this.send(); },
      ['@compose.document']() { this.setMode(this.$event.detail.mode); },
      [':class']() { return this.mode === 'note' ? 'is-note' : ''; },
    },
    field: {
      ['@input']() { this.clientId = ''; this.keepDraft(); this.refresh(); this.sayTyping(); },
      ['@keydown']() {
        const event = this.$event;
        if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) {
          event.preventDefault();
          this.send();
        } else if (event.key === 'Escape') {
          this.$refs.text.blur();
        }
      },
    },
    replyButton: {
      ['@click']() { this.setMode('reply'); },
      [':aria-pressed']() { return String(this.mode === 'reply'); },
      [':disabled']() { return this.isWindowClosed(); },
    },
    noteButton: {
      ['@click']() { this.setMode('note'); },
      [':aria-pressed']() { return String(this.mode === 'note'); },
    },
    sendButton: {
      [':disabled']() { return this.isEmpty || this.isSending; },
    },
  }));
});
