// What stands before everything else until it is answered: a question, or the help.

export type Question = { text: string; yes: string; isBad: boolean; /** What must be typed first, and what that is called. */ typed?: { label: string; word: string } };

class Asking {
  question = $state.raw<Question | null>(null);
  isHelp = $state(false);
  private answer: ((yes: boolean) => void) | null = null;

  /** Whether the person said yes. */
  ask(question: Question): Promise<boolean> {
    this.answer?.(false);
    this.question = question;
    return new Promise((answer) => (this.answer = answer));
  }

  settle(yes: boolean): void {
    this.question = null;
    this.answer?.(yes);
    this.answer = null;
  }
}

export const asking = new Asking();
