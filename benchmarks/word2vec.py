"""Speed of the word2vec kernel against gensim's CBOW on the same text, in one process, alternating.

    ./run python benchmarks/word2vec.py PREPARED_TEXT

PREPARED_TEXT is the folder of a prepared text. Prints words/s of one pass over it without subsampling, and the ratio
gensim/ours of the time, median and range over repetitions. Ours runs in one thread. Of gensim, called with one worker,
a second thread feeds the first; the CPU time of both is counted, and so that of turning words into numbers, which
``--subsample`` makes a larger part of the whole.
"""

import argparse
import statistics
import time
from pathlib import Path

from gensim.models import Word2Vec

from infwidth.data.tokens import load_tokens
from infwidth.limits.word2vec import loops, training


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("text", type=Path)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--vocabulary-size", type=int, default=2000)
    parser.add_argument("--subsample", type=float, default=0.0)
    parser.add_argument("--repetitions", type=int, default=5)
    options = parser.parse_args()
    tokens = load_tokens(options.text, "all", vocabulary_size=options.vocabulary_size, drop_unknown=True)
    settings = training.Settings(epochs=1, subsample=options.subsample)
    start = time.process_time()
    text = training.prepare(tokens.ids.numpy(), len(tokens.vocabulary), settings)
    empty = training.Text(text.ids[:1], text.keep, text.negatives, text.held_out)
    list(training.train(training.initial_net(text.n_words, 2), empty, settings))
    print(f"compiling and preparing: {time.process_time() - start:.1f} CPU seconds")

    words = [tokens.vocabulary[i] for i in text.ids.tolist()]
    sentences = [words[i : i + loops.SENTENCE] for i in range(0, len(words), loops.SENTENCE)]
    ours, theirs = [], []
    for _ in range(options.repetitions):
        net = training.initial_net(text.n_words, options.width)
        start = time.process_time()
        list(training.train(net, text, settings))
        ours.append(time.process_time() - start)
        model = Word2Vec(
            vector_size=options.width,
            window=settings.window,
            negative=settings.negative,
            sample=options.subsample,
            alpha=settings.lr,
            sg=0,
            hs=0,
            cbow_mean=1,
            min_count=1,
            workers=1,
            seed=1,
        )
        model.build_vocab(sentences)
        start = time.process_time()
        model.train(sentences, total_examples=len(sentences), epochs=1)
        theirs.append(time.process_time() - start)
    ratios = [t / o for o, t in zip(ours, theirs, strict=True)]
    print(
        f"width {options.width}: {len(words) / statistics.median(ours):.0f} words/s, gensim"
        f" {len(words) / statistics.median(theirs):.0f} words/s; ours {statistics.median(ratios):.2f} times as fast"
        f" ({min(ratios):.2f} to {max(ratios):.2f})"
    )


if __name__ == "__main__":
    main()
