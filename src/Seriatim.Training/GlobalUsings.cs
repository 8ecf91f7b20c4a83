global using Seriatim.Formats;
global using Seriatim.Models;
global using Seriatim.Tensors;
global using Seriatim.Tokenizers;
