Console.WriteLine("seriatim");
