namespace Seriatim.Training.Tests;

/// <summary>IBM model 1, by numbers that can be worked out by hand.</summary>
public sealed class LexicalModelTests
{
    /// <summary>das Haus, the house; das Buch, the book; ein Buch, a book: the textbook case (Koehn, 2010, section 4.2).</summary>
    [Fact]
    public void Words_that_come_together_find_each_other()
    {
        const int Das = 1, Haus = 2, Buch = 3, Ein = 4, The = 11, House = 12, Book = 13, A = 14;
        var model = new LexicalModel();
        model.Add([Das, Haus], [The, House]);
        model.Add([Das, Buch], [The, Book]);
        model.Add([Ein, Buch], [A, Book]);
        model.Add([], [A]);
        Assert.Equal(3, model.Pairs);
        Assert.Equal(0, model.Probability(Das, The));
        model.Learn(1);

        // With the word for none each target word is shared by three: das meets the twice, house and book once.
        Assert.Equal(2.0 / 4, model.Probability(Das, The), 12);
        Assert.Equal(1.0 / 4, model.Probability(Das, House), 12);
        model.Learn(30);
        Assert.True(model.Probability(Das, The) > 0.9);
        Assert.True(model.Probability(Buch, Book) > 0.9);
        Assert.True(model.Probability(Haus, House) > 0.9);
        Assert.Equal(0, model.Probability(Haus, Book));
        Assert.Equal(1, new[] { The, House, Book, A }.Sum(t => model.Probability(Das, t)), 12);
    }

    [Fact]
    public void The_same_pairs_give_the_same_bits()
    {
        double[] first = Learned(), second = Learned();
        Assert.Equal(first, second);

        static double[] Learned()
        {
            var random = new Random(5);
            var model = new LexicalModel();
            for (int i = 0; i < 200; i++)
                model.Add(Ids(random), Ids(random));
            model.Learn();
            return [.. from s in Enumerable.Range(0, 40) from t in Enumerable.Range(0, 40) select model.Probability(s, t)];
        }

        static int[] Ids(Random random) => [.. Enumerable.Range(0, random.Next(1, 9)).Select(_ => random.Next(40))];
    }
}
