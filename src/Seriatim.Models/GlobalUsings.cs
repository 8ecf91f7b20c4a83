global using Seriatim.Formats;
global using Seriatim.Tensors;
