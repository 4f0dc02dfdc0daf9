/** Gives questions that offer the same choices the same answer, when asked to. */

/** @param {HTMLElement} question @returns {HTMLInputElement[]} */
function choicesOf(question) {
  return [...question.querySelectorAll('input.form-check-input')];
}

/** @param {HTMLFormElement} form */
function attach(form) {
  const questions = [...form.querySelectorAll('[data-similar]')];
  for (const question of questions) {
    const others = questions.filter(
      (other) => other !== question && other.dataset.similar === question.dataset.similar,
    );
    const button = question.querySelector('[data-answer-similar]');
    button.hidden = others.length === 0;
    const words = others.length === 1 ? 'the similar question' : `all ${others.length} similar questions`;
    button.textContent = `Use this answer for ${words}`;
    button.addEventListener('click', () => {
      const answers = choicesOf(question).map(({ checked }) => checked);
      for (const other of others) {
        choicesOf(other).forEach((choice, index) => {
          choice.checked = answers[index];
        });
      }
      form.querySelector('[data-similar-said]').textContent =
        `The answer was put into ${words}. Look it over, then send.`;
    });
  }
}

document.querySelectorAll('form[data-similar-answers]').forEach(attach);
