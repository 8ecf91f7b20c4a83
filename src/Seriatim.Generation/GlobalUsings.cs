global using Seriatim.Models;
global using Seriatim.Tensors;
